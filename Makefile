# The front door. meson, npm and the importer do the work; this file only says in which order.
# `make help` lists the targets.

OUT      := out
RELEASE  := $(OUT)/release
PROGRAM  := $(RELEASE)/src/cli/customersight
PORT     ?= 3000
DATA     ?= data
ROUNDS   ?= 200
SECONDS  ?= 600
PREFIX   ?= /usr/local
MESON_FLAGS ?=

web_sources := $(shell find web/src web/public web/index.html web/package.json web/package-lock.json web/vite.config.ts docs/openapi.yaml 2>/dev/null)

.PHONY: help build run test bench eval torture fuzz lint screens install clean

help: ## Show this list
	@sed -n 's/^\([a-z]*\):.*## /  make \1\t/p' Makefile | expand -t 20
	@printf '\nVariables: PORT=%s DATA=%s CAMERA=rtsp://… MODE=count|returning LAN=1 SMOKE=1 NAME=bench PREFIX=%s DESTDIR=\n' '$(PORT)' '$(DATA)' '$(PREFIX)'

build: $(OUT)/models/.imported ## Install what is missing, build programs and web app, import the models

$(OUT)/.dependencies: build-aux/dependencies
	@build-aux/dependencies build
	@mkdir -p $(OUT) && touch $@

web/dist/.built: $(web_sources) | $(OUT)/.dependencies
	@echo "Building the web app"
	@cd web && ../build-aux/with-node npm ci --ignore-scripts --no-audit --no-fund --loglevel=error
	@cd web && ../build-aux/with-node npm run --silent build
	@touch $@

models/node_modules/.installed: models/package.json models/package-lock.json | $(OUT)/.dependencies
	@echo "Getting the models and the inference runtime"
	@cd models && ../build-aux/with-node npm ci --ignore-scripts --no-audit --no-fund --loglevel=error
	@touch $@

$(RELEASE)/build.ninja: | $(OUT)/.dependencies
	@meson setup $(RELEASE) --buildtype=release -Dtests=false $(MESON_FLAGS) >$(OUT)/meson.log || { cat $(OUT)/meson.log; exit 1; }

.PHONY: programs
programs: $(RELEASE)/build.ninja web/dist/.built models/node_modules/.installed
	@ninja -C $(RELEASE) --quiet

$(OUT)/models/.imported: programs $(wildcard models/cards/*.json)
	@[ -e $@ ] && [ -z "$$(find models/cards models/node_modules/.installed -newer $@ | head -1)" ] || { \
	  echo "Importing the models" && $(PROGRAM) models import && touch $@; }

run: build ## Build and start on http://localhost:3000 (PORT=, DATA=, CAMERA=, MODE=, LAN=1, SMOKE=1)
ifdef SMOKE
	@build-aux/smoke $(PROGRAM)
else
	@exec $(PROGRAM) serve --data "$(DATA)" --port "$(PORT)" $(if $(CAMERA),--camera '$(CAMERA)' $(if $(MODE),--mode $(MODE)),--demo) $(if $(LAN),--lan)
endif

test: ## Install what the tests need and run them all (about 15 minutes on 2 cores)
	@build-aux/dependencies build test
	@mkdir -p $(OUT) && touch $(OUT)/.dependencies
	@$(MAKE) --no-print-directory build
	@build-aux/test

bench: ## Measure against the peers: all, or one with NAME=
	@build-aux/dependencies build bench
	@$(MAKE) --no-print-directory build
	@bench/run $(NAME)

eval: build ## Print the accuracy on ../shared/data
	@bench/accuracy

torture: build ## Kill -9 the processes at random points, ROUNDS times, and check that nothing was lost
	@build-aux/dependencies build torture
	@tests/torture/run $(ROUNDS)

fuzz: ## Fuzz every parser for SECONDS in all
	@build-aux/dependencies build fuzz
	@fuzz/run $(SECONDS)

lint: ## Everything clang-format and clang-tidy find in the C (the short form is inside make test)
	@build-aux/dependencies build test
	@build-aux/lint --deep

screens: build ## Take the screenshots of docs/screens
	@build-aux/dependencies build test
	@tests/e2e/screens

install: build ## Install under PREFIX (DESTDIR for packages)
	@packaging/install "$(RELEASE)" "$(OUT)/models" "$(DESTDIR)" "$(PREFIX)"

clean: ## Remove everything that was built
	@rm -rf $(OUT) web/dist web/node_modules models/node_modules
