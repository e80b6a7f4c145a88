#include "capture/sandbox.h"

#include "base/error.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/landlock.h>
#include <sched.h>
#include <seccomp.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED 1
#else
#define SANITIZED 0
#endif

/* A 25 Mpx picture in three formats, a 1 GB ring and the libraries; shadow memory of sanitizers
 * does not fit under any limit. */
#define ADDRESS_SPACE_BYTES (6LL * 1024 * 1024 * 1024)
#define OPEN_FILES          64

/* What media libraries, malloc, GLib and the C library's resolver need. */
static const int allowed[] = {
    SCMP_SYS(read),
    SCMP_SYS(write),
    SCMP_SYS(readv),
    SCMP_SYS(writev),
    SCMP_SYS(pread64),
    SCMP_SYS(pwrite64),
    SCMP_SYS(lseek),
    SCMP_SYS(close),
    SCMP_SYS(fstat),
    SCMP_SYS(newfstatat),
    SCMP_SYS(stat),
    SCMP_SYS(lstat),
    SCMP_SYS(statx),
    SCMP_SYS(access),
    SCMP_SYS(faccessat),
    SCMP_SYS(faccessat2),
    SCMP_SYS(readlink),
    SCMP_SYS(readlinkat),
    SCMP_SYS(getdents64),
    SCMP_SYS(getcwd),
    SCMP_SYS(dup),
    SCMP_SYS(ftruncate),
    SCMP_SYS(fsync),
    SCMP_SYS(fdatasync),
    SCMP_SYS(mmap),
    SCMP_SYS(munmap),
    SCMP_SYS(mremap),
    SCMP_SYS(mprotect),
    SCMP_SYS(madvise),
    SCMP_SYS(brk),
    SCMP_SYS(futex),
    SCMP_SYS(sched_yield),
    SCMP_SYS(sched_getaffinity),
    SCMP_SYS(set_robust_list),
    SCMP_SYS(get_robust_list),
    SCMP_SYS(rseq),
    SCMP_SYS(set_tid_address),
    SCMP_SYS(clock_gettime),
    SCMP_SYS(clock_getres),
    SCMP_SYS(clock_nanosleep),
    SCMP_SYS(nanosleep),
    SCMP_SYS(gettimeofday),
    SCMP_SYS(time),
    SCMP_SYS(times),
    SCMP_SYS(getrusage),
    SCMP_SYS(sysinfo),
    SCMP_SYS(uname),
    SCMP_SYS(getrandom),
    SCMP_SYS(getpid),
    SCMP_SYS(gettid),
    SCMP_SYS(getppid),
    SCMP_SYS(getuid),
    SCMP_SYS(geteuid),
    SCMP_SYS(getgid),
    SCMP_SYS(getegid),
    SCMP_SYS(poll),
    SCMP_SYS(ppoll),
    SCMP_SYS(select),
    SCMP_SYS(pselect6),
    SCMP_SYS(epoll_create1),
    SCMP_SYS(epoll_ctl),
    SCMP_SYS(epoll_wait),
    SCMP_SYS(eventfd2),
    SCMP_SYS(pipe2),
    SCMP_SYS(recvmsg),
    SCMP_SYS(sendmsg),
    SCMP_SYS(recvmmsg),
    SCMP_SYS(sendmmsg),
    SCMP_SYS(recvfrom),
    SCMP_SYS(sendto),
    SCMP_SYS(setsockopt),
    SCMP_SYS(getsockopt),
    SCMP_SYS(getsockname),
    SCMP_SYS(getpeername),
    SCMP_SYS(shutdown),
    SCMP_SYS(bind),
    SCMP_SYS(connect),
    SCMP_SYS(listen),
    SCMP_SYS(accept4),
    SCMP_SYS(rt_sigaction),
    SCMP_SYS(rt_sigprocmask),
    SCMP_SYS(rt_sigreturn),
    SCMP_SYS(sigaltstack),
    SCMP_SYS(restart_syscall),
    SCMP_SYS(exit),
    SCMP_SYS(exit_group),
    SCMP_SYS(membarrier),
};

/* What is refused again once everything is connected. */
static const int closed[] = {
    SCMP_SYS(socket),     SCMP_SYS(connect),    SCMP_SYS(bind),   SCMP_SYS(listen),
    SCMP_SYS(accept4),    SCMP_SYS(open),       SCMP_SYS(openat), SCMP_SYS(readlink),
    SCMP_SYS(readlinkat), SCMP_SYS(getdents64), SCMP_SYS(pipe2),  SCMP_SYS(epoll_create1),
};

/* What may be asked of a descriptor. Not among them: F_SETOWN and F_SETSIG, by which a descriptor
 * sends any signal to any process of the user, kill in another guise. */
static const int descriptor_commands[] = {F_DUPFD, F_DUPFD_CLOEXEC, F_GETFD,
                                          F_SETFD, F_GETFL,         F_GET_SEALS};

/* Namespaces: with all rights a thread may have its own, too. */
#define NAMESPACES                                                                                 \
    ((scmp_datum_t)(CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER |  \
                    CLONE_NEWPID | CLONE_NEWNET))

/* A descriptor's own ioctls: sizes, and the V4L2 family ('V'). */
#define IOCTL_TYPE_MASK 0xff00
#define IOCTL_TYPE_V4L2 0x5600

/* TCP and UDP: nothing raw, whatever rights the program has. */
static int allow_sockets(scmp_filter_ctx filter, scmp_datum_t family)
{
    static const scmp_datum_t kinds[] = {SOCK_STREAM, SOCK_DGRAM};
    int failed = 0;

    for (size_t i = 0; i < G_N_ELEMENTS(kinds); i++)
        failed |= seccomp_rule_add(
            filter, SCMP_ACT_ALLOW, SCMP_SYS(socket), 2, SCMP_A0(SCMP_CMP_EQ, family),
            SCMP_A1(SCMP_CMP_MASKED_EQ, ~(scmp_datum_t)(SOCK_CLOEXEC | SOCK_NONBLOCK), kinds[i]));
    return failed;
}

static bool allow_with_arguments(scmp_filter_ctx filter, const struct sandbox_needs *needs)
{
    const uint64_t write_modes = O_WRONLY | O_RDWR | O_CREAT | O_TRUNC | O_APPEND;
    int failed = 0;

    /* Threads yes (a decoder's or a protocol's), processes no. clone3 hides its flags in memory:
     * "no such call" makes the C library use clone. */
    failed |=
        seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(clone), 1,
                         SCMP_A0(SCMP_CMP_MASKED_EQ, CLONE_THREAD | NAMESPACES, CLONE_THREAD));
    failed |= seccomp_rule_add(filter, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0);
    failed |= seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(prctl), 1,
                               SCMP_A0(SCMP_CMP_EQ, PR_SET_NAME));
    failed |= seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(prctl), 1,
                               SCMP_A0(SCMP_CMP_EQ, PR_SET_NO_NEW_PRIVS));
    failed |= seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(prctl), 1,
                               SCMP_A0(SCMP_CMP_EQ, PR_SET_SECCOMP));
    failed |= seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(seccomp), 0);
    failed |=
        seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(prlimit64), 1, SCMP_A2(SCMP_CMP_EQ, 0));
    /* abort() ends the child with a signal to itself. */
    failed |= seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(tgkill), 1,
                               SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)getpid()));
    for (size_t i = 0; i < G_N_ELEMENTS(descriptor_commands); i++)
        failed |= seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(fcntl), 1,
                                   SCMP_A1(SCMP_CMP_EQ, (scmp_datum_t)descriptor_commands[i]));
    failed |=
        seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(fcntl), 2, SCMP_A1(SCMP_CMP_EQ, F_SETFL),
                         SCMP_A2(SCMP_CMP_MASKED_EQ, O_ASYNC, 0));
    if (needs->files || needs->device || needs->network) {
        const uint64_t refused = needs->device ? O_CREAT | O_TRUNC | O_APPEND : write_modes;

        failed |= seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(openat), 1,
                                   SCMP_A2(SCMP_CMP_MASKED_EQ, refused, 0));
        failed |= seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(open), 1,
                                   SCMP_A1(SCMP_CMP_MASKED_EQ, refused, 0));
    } else if (SANITIZED) {
        /* Reports read /proc/self/maps. */
        failed |= seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(openat), 1,
                                   SCMP_A2(SCMP_CMP_MASKED_EQ, write_modes, 0));
    }
    if (needs->network) {
        failed |= allow_sockets(filter, AF_INET) | allow_sockets(filter, AF_INET6);
        failed |= seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(ioctl), 1,
                                   SCMP_A1(SCMP_CMP_EQ, 0x541B)); /* FIONREAD */
    }
    if (needs->device)
        failed |= seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(ioctl), 1,
                                   SCMP_A1(SCMP_CMP_MASKED_EQ, IOCTL_TYPE_MASK, IOCTL_TYPE_V4L2));
    return failed == 0;
}

static bool filter_a(const struct sandbox_needs *needs, GError **error)
{
    scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ERRNO(EPERM));
    bool ok = filter != NULL;

    for (size_t i = 0; ok && i < G_N_ELEMENTS(allowed); i++) {
        const int code = seccomp_rule_add(filter, SCMP_ACT_ALLOW, allowed[i], 0);

        /* Calls that this machine's architecture does not have need no rule. */
        ok = code == 0 || code == -EDOM || code == -EFAULT;
    }
    /* What no library has a reason to try ends the process at once. */
    for (size_t i = 0; ok && i < 6; i++) {
        static const int deadly[] = {
            SCMP_SYS(execve),           SCMP_SYS(execveat),          SCMP_SYS(ptrace),
            SCMP_SYS(process_vm_readv), SCMP_SYS(process_vm_writev), SCMP_SYS(bpf)};

        ok = seccomp_rule_add(filter, SCMP_ACT_KILL_PROCESS, deadly[i], 0) == 0;
    }
    ok = ok && allow_with_arguments(filter, needs) && seccomp_load(filter) == 0;
    seccomp_release(filter);
    if (!ok)
        error_set(error, ERROR_INTERNAL, "the system call filter was refused");
    return ok;
}

/* Not every kernel has them, nor does an emulated one. Filter A refuses the question with EPERM:
 * that is no reason to go without B. */
static bool has_filters(void)
{
    return prctl(PR_GET_SECCOMP, 0, 0, 0, 0) >= 0 || errno != EINVAL;
}

bool sandbox_close(GError **error)
{
    scmp_filter_ctx filter;
    bool ok;

    if (!has_filters())
        return true;
    filter = seccomp_init(SCMP_ACT_ALLOW);
    ok = filter != NULL;

    for (size_t i = 0; ok && i < G_N_ELEMENTS(closed); i++) {
        if (SANITIZED && (closed[i] == SCMP_SYS(openat) || closed[i] == SCMP_SYS(readlink)))
            continue;

        const int code = seccomp_rule_add(filter, SCMP_ACT_ERRNO(EPERM), closed[i], 0);

        ok = code == 0 || code == -EDOM || code == -EFAULT;
    }
    /* All libraries are loaded: no bytes become code any more. */
    ok = ok &&
         seccomp_rule_add(filter, SCMP_ACT_ERRNO(EPERM), SCMP_SYS(mmap), 1,
                          SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, PROT_EXEC)) == 0 &&
         seccomp_rule_add(filter, SCMP_ACT_ERRNO(EPERM), SCMP_SYS(mprotect), 1,
                          SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, PROT_EXEC)) == 0 &&
         seccomp_load(filter) == 0;
    seccomp_release(filter);
    if (!ok)
        error_set(error, ERROR_INTERNAL, "the second system call filter was refused");
    return ok;
}

static void allow_path(int rules, const char *path, uint64_t access)
{
    struct landlock_path_beneath_attr rule = {.allowed_access = access,
                                              .parent_fd = open(path, O_PATH | O_CLOEXEC)};

    if (rule.parent_fd < 0)
        return;
    syscall(SYS_landlock_add_rule, rules, LANDLOCK_RULE_PATH_BENEATH, &rule, 0);
    close(rule.parent_fd);
}

/* No file system but what a resolver reads, or one device. False: the kernel has no Landlock. */
static bool landlock(const struct sandbox_needs *needs)
{
    struct landlock_ruleset_attr attributes = {
        .handled_access_fs = LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_WRITE_FILE |
                             LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR |
                             LANDLOCK_ACCESS_FS_REMOVE_DIR | LANDLOCK_ACCESS_FS_REMOVE_FILE |
                             LANDLOCK_ACCESS_FS_MAKE_CHAR | LANDLOCK_ACCESS_FS_MAKE_DIR |
                             LANDLOCK_ACCESS_FS_MAKE_REG | LANDLOCK_ACCESS_FS_MAKE_SOCK |
                             LANDLOCK_ACCESS_FS_MAKE_FIFO | LANDLOCK_ACCESS_FS_MAKE_BLOCK |
                             LANDLOCK_ACCESS_FS_MAKE_SYM};
    const uint64_t reading = LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR;
    const int rules = (int)syscall(SYS_landlock_create_ruleset, &attributes, sizeof attributes, 0);
    bool ok;

    if (rules < 0)
        return false;
    if (needs->network) {
        static const char *const resolver[] = {"/etc/resolv.conf",
                                               "/etc/hosts",
                                               "/etc/nsswitch.conf",
                                               "/etc/host.conf",
                                               "/etc/gai.conf",
                                               "/etc/services",
                                               "/etc/protocols",
                                               "/etc/ld.so.cache",
                                               "/run/systemd/resolve",
                                               "/lib",
                                               "/usr/lib",
                                               "/lib64",
                                               "/usr/lib64"};

        for (size_t i = 0; i < G_N_ELEMENTS(resolver); i++)
            allow_path(rules, resolver[i],
                       resolver[i][1] == 'e' ? LANDLOCK_ACCESS_FS_READ_FILE
                                             : reading | LANDLOCK_ACCESS_FS_EXECUTE);
    }
    if (needs->device)
        allow_path(rules, needs->device,
                   LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_WRITE_FILE);
    if (SANITIZED)
        allow_path(rules, "/proc", reading);
    ok = syscall(SYS_landlock_restrict_self, rules, 0) == 0;
    close(rules);
    return ok;
}

static void limit(__rlimit_resource_t resource, rlim_t most)
{
    const struct rlimit value = {most, most};

    setrlimit(resource, &value);
}

/* Of a program that runs as root, the child keeps the user and none of its rights. */
static bool drop_rights(GError **error)
{
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    const struct __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = {{0}};

    if (syscall(SYS_capset, &header, none) == 0)
        return true;
    error_set_errno(error, errno, "cannot give up rights");
    return false;
}

bool sandbox_enter(const struct sandbox_needs *needs, const char **missing, GError **error)
{
    *missing = NULL;
    limit(RLIMIT_CORE, 0);
    limit(RLIMIT_NOFILE, OPEN_FILES);
    if (!SANITIZED)
        limit(RLIMIT_AS, ADDRESS_SPACE_BYTES);
    prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) {
        error_set_errno(error, errno, "cannot give up new privileges");
        return false;
    }
    if (!drop_rights(error))
        return false;
    if (!landlock(needs))
        *missing = "Landlock";
    if (!has_filters()) {
        *missing = "seccomp";
        return true;
    }
    return filter_a(needs, error);
}
