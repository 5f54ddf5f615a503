/* SPDX-License-Identifier: Apache-2.0 */
#ifndef POD_EXEC_DOCTOR_H
#define POD_EXEC_DOCTOR_H

#include <stdbool.h>

/* What this kernel has of the processor walls, a check a line; the exit status. */
int doctor_main(bool json);

#endif
