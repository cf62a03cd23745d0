/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Listing folders.
 */
#ifndef DECANT_NTDLL_UNIX_DIRECTORY_H
#define DECANT_NTDLL_UNIX_DIRECTORY_H

struct directory;
struct file;

/* Frees a listing; NULL is fine. */
void directory_free(struct directory *directory);

/* Ends the watching of a folder (directory_watch.c). */
void directory_watch_free(struct file *file);

#endif
