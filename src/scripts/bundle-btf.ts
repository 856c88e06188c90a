/**
 * Writes native/btf/RELEASE.btf for each kernel of the lab whose modules carry no BTF: minimal BTF,
 * built from the headers package of the cached kernel.
 */
import { writeFile } from 'node:fs/promises';
import { buildBtf } from '../btf/build-btf.js';
import { kernelsWithoutBtf, obtainKernel, obtainKernelHeaders } from '../lab/index.js';

const signal = new AbortController().signal;
const onProgress = (line: string): void => console.error(line);

for (const kernel of kernelsWithoutBtf()) {
  const cached = await obtainKernel({ kernel, refresh: false, signal, onProgress });
  const headers = await obtainKernelHeaders({ kernel: cached, signal, onProgress });
  const btf = await buildBtf({ headers, minimal: true, signal });
  const path = `native/btf/${cached.release}.btf`;
  await writeFile(path, btf);
  console.error(`${path}: ${btf.length} bytes`);
}
