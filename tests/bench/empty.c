/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The empty program of the bench `start`.
 */
int main(void)
{
    return 0;
}
