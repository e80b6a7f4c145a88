/* cmocka's header needs these four before it; every test includes this instead. */
#ifndef TESTS_CMOCKA_INCLUDE_H
#define TESTS_CMOCKA_INCLUDE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#endif
