/*
 * What malloc keeps for later. It holds pages that are free in the middle of its arenas, one for
 * each thread, for as long as the process lives.
 */
#ifndef BASE_MEMORY_H
#define BASE_MEMORY_H

/* How often a process that runs for months gives back what is free: a walk through the arenas takes
 * a millisecond or two. */
#define MEMORY_GIVE_BACK_SECONDS 60

/* Gives malloc's free pages back to the kernel. Any thread; nothing where malloc cannot. */
void memory_give_back(void);

#endif
