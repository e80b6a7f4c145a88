#include "record/visit.h"

struct utc rollup_cell(struct utc time)
{
    int64_t into = time.us % ROLLUP_CELL_US;

    if (into < 0)
        into += ROLLUP_CELL_US;
    return (struct utc){time.us - into};
}
