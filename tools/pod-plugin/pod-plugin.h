/* SPDX-License-Identifier: Apache-2.0 */
#ifndef POD_PLUGIN_H
#define POD_PLUGIN_H

int cmd_list(int argc, char **argv);
int cmd_probe(int argc, char **argv);
int cmd_plan(int argc, char **argv);

#endif
