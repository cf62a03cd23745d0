/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The page that `decant pages --html` fills.
 */
    .section .rodata
    .globl pages_template, pages_template_end
pages_template:
    .incbin "pages.html"
pages_template_end:
    .byte 0
    .section .note.GNU-stack,"",@progbits
