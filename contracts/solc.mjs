#!/usr/bin/env node
// The `solc` that forge calls: npm's WebAssembly compiler behind the native command line's two calls; and a third for
// scripts/artifacts, which compiles many inputs in one process, as most of a short run is the compiler warming up.
// Output is written with a callback and never followed by process.exit: an early exit cuts a pipe at 64 KiB.
import { createRequire } from "node:module";
import { readFileSync } from "node:fs";

const require = createRequire(import.meta.url);
const solc = require("solc");

function compileEach(inputs) {
  return inputs.map((input) => {
    process.stderr.write(`compiling ${Object.values(input.settings.outputSelection).flatMap(Object.keys)}\n`);
    return JSON.parse(solc.compile(JSON.stringify(input)));
  });
}

if (process.argv.includes("--version")) {
  process.stdout.write(`solc, the solidity compiler commandline interface\nVersion: ${solc.version()}\n`);
} else if (process.argv.includes("--standard-json")) {
  process.stdout.write(solc.compile(readFileSync(0, "utf8")));
} else if (process.argv.includes("--standard-json-each")) {
  process.stdout.write(JSON.stringify(compileEach(JSON.parse(readFileSync(0, "utf8")))));
} else {
  process.stderr.write("solc.mjs: expected --version, --standard-json or --standard-json-each\n");
  process.exitCode = 1;
}
