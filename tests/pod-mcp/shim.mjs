// SPDX-License-Identifier: Apache-2.0
// What the conformance tests import of node 22 and an older one lacks: fs.globSync, which is of no use here.
import fs from "node:fs";
import { register } from "node:module";

const hooks = `
export const resolve = (name, context, next) =>
	name === "fs" && context.parentURL?.includes("/conformance/") ? { url: "shim:fs", shortCircuit: true } : next(name, context);
export const load = (url, context, next) => url === "shim:fs" ? { format: "module", shortCircuit: true,
	source: 'export * from "node:fs"; export { default } from "node:fs"; export const globSync = () => [];' } : next(url, context);`;
if (!fs.globSync)
	register("data:text/javascript," + encodeURIComponent(hooks));
