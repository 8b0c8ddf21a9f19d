/* SPDX-License-Identifier: Apache-2.0 */
/* What the process holds of the machine's memory. */
#pragma once

/*
 * Gives back the pages of code and constants that have been touched so far, of the program and of
 * its libraries. Meant for the end of the start, which runs through much that is never used again:
 * symbol tables, self-tests of libraries. What is needed after all comes back from the page cache,
 * when it is touched. Cannot fail; from any thread.
 */
void ps_memory_release_code(void);
