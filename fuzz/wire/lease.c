/* What a worker asks and what serve answers: what is read prints to what reads the same. */
#include "wire/lease.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *text = (const char *)data;
    struct lease_request request, request_again;
    struct lease_answer answer = {0}, answer_again = {0};

    if (lease_request_parse(text, size, &request, NULL)) {
        g_autofree char *printed = lease_request_print(&request);

        g_assert(lease_request_parse(printed, strlen(printed), &request_again, NULL));
        g_assert(strcmp(request.live_endpoint, request_again.live_endpoint) == 0);
    }
    if (lease_answer_parse(text, size, &answer, NULL)) {
        g_autofree char *printed = lease_answer_print(&answer);

        g_assert(lease_answer_parse(printed, strlen(printed), &answer_again, NULL));
        g_assert(answer.cameras->len == answer_again.cameras->len);
        lease_answer_clear(&answer_again);
        lease_answer_clear(&answer);
    }
    return 0;
}
