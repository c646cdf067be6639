// What a component under `jco serve` may see of the file system: COLLOQUY_MOUNTS, a JSON object of guest path to folder, instead of
// everything. Loaded with --jco-import, before the component.

import { createRequire } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

const { COLLOQUY_NODE, COLLOQUY_MOUNTS } = process.env;
// jco's own copy of the shim: another one would have other mounts.
const jco = createRequire(join(COLLOQUY_NODE, "node_modules/@bytecodealliance/jco/package.json"));
const filesystem = await import(pathToFileURL(jco.resolve("@bytecodealliance/preview2-shim/filesystem")));
filesystem._setPreopens(JSON.parse(COLLOQUY_MOUNTS));
