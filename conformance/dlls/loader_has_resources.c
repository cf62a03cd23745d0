/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Has the resources of loader_has_resources.rc.
 */
#include "loader_dll.h"

LOADER_DLL_MAIN("resources")
