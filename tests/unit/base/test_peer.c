#include "base/peer.h"

#include "cmocka_include.h"

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
        {"http://user:p@192.168.1.2@127.0.0.1/", PEER_THIS_MACHINE},
        {"http://127.0.0.1/@192.168.1.2/", PEER_THIS_MACHINE},
        {"http://me:pass@127.0.0.1:3000/", PEER_THIS_MACHINE},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        if (peer_judge_url(cases[i].url) != cases[i].verdict)
            fail_msg("%s: %d", cases[i].url, (int)peer_judge_url(cases[i].url));
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
        cmocka_unit_test(test_peer_says_why),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
