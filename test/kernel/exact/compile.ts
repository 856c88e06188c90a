/** Compiles the C programs of the kernel tests here, so that the lab's guest need not. */
import { compiled, programNames } from './programs.js';

for (const name of programNames) compiled(name);
