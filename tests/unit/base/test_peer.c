#include "base/peer.h"

#include "cmocka_include.h"

#include <string.h>

static void test_peer_judges_hosts_of_urls(void **state)
{
    static const struct {
        const char *url;
        enum peer_verdict verdict;
    } cases[] = {
        {"rtsp://192.168.1.20/stream1", PEER_ALLOWED},
        {"rtsp://camera.example:554/x", PEER_ALLOWED},
        {"rtsp://[fd12::7]:554/x", PEER_ALLOWED},
        {"file:/srv/clip.mp4", PEER_ALLOWED},
        {"lavfi:testsrc2", PEER_ALLOWED},
        {"http://127.0.0.1:3000/", PEER_THIS_MACHINE},
        {"http://127.1/", PEER_THIS_MACHINE},
        {"http://2130706433/", PEER_THIS_MACHINE},
        {"http://0x7f.1/", PEER_THIS_MACHINE},
        {"http://0/", PEER_THIS_MACHINE},
        {"rtsp://LOCALHOST./x", PEER_THIS_MACHINE},
        {"rtsp://a.localhost/x", PEER_THIS_MACHINE},
        {"rtsp://[::1]/x", PEER_THIS_MACHINE},
        {"rtsp://[::]/x", PEER_THIS_MACHINE},
        {"rtsp://[::ffff:127.0.0.1]/x", PEER_THIS_MACHINE},
        {"rtsp://[64:ff9b::7f00:1]/x", PEER_THIS_MACHINE},
        {"http://169.254.169.254/latest/meta-data", PEER_NEVER},
        {"http://2852039166/", PEER_NEVER},
        {"http://[::ffff:169.254.169.254]/", PEER_NEVER},
        {"http://[fe80::1]/", PEER_NEVER},
        {"http://[fd00:ec2::254]/", PEER_NEVER},
        {"http://100.100.100.200/", PEER_NEVER},
        {"http://168.63.129.16/machine/?comp=goalstate", PEER_NEVER},
        {"http://user:p@192.168.1.2@127.0.0.1/", PEER_THIS_MACHINE},
        {"http://127.0.0.1/@192.168.1.2/", PEER_THIS_MACHINE},
        {"http://me:pass@127.0.0.1:3000/", PEER_THIS_MACHINE},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        if (peer_judge_url(cases[i].url) != cases[i].verdict)
            fail_msg("%s: %d", cases[i].url, (int)peer_judge_url(cases[i].url));
}

static void test_peer_names_what_keeps_a_url_from_being_reached(void **state)
{
    static const struct {
        const char *url, *problem; /* a word of it, or NULL */
    } cases[] = {
        {"rtsp://192.168.1.20/stream1", NULL},
        {"rtsp://camera.example:554/x?a=1:2@3", NULL},
        {"rtsp://u:p%2Fq@h:65535", NULL},
        {"rtsp://u:p@q:r@h:554/x", NULL},
        {"rtsp://[fd12::7]:554/x", NULL},
        {"rtsp://[fd12::7]", NULL},
        {"rtsp://", "host"},
        {"rtsp:///stream", "host"},
        {"rtsp://:554/x", "host"},
        {"rtsp://u:p@/x", "host"},
        {"rtsp://[fd12::7/x", "host"},
        {"rtsp://h:0/x", "port"},
        {"rtsp://h:65536/x", "port"},
        {"rtsp://h:/x", "port"},
        {"rtsp://h:+5/x", "port"},
        {"rtsp://[fd12::7]554/x", "port"},
        {"rtsp://u:p/q@h/x", "port"},
        {"rtsp://h/a b", "blanks"},
        {"rtsp://h/a\tb", "blanks"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const char *problem = peer_url_problem(cases[i].url);

        if (!cases[i].problem != !problem || (problem && !strstr(problem, cases[i].problem)))
            fail_msg("%s: %s", cases[i].url, problem ? problem : "nothing");
    }
}

static void test_peer_says_why(void **state)
{
    (void)state;
    assert_string_equal(peer_problem(PEER_ALLOWED), "");
    assert_true(*peer_problem(PEER_THIS_MACHINE) && *peer_problem(PEER_NEVER));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_peer_judges_hosts_of_urls),
        cmocka_unit_test(test_peer_names_what_keeps_a_url_from_being_reached),
        cmocka_unit_test(test_peer_says_why),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
