export { DEFAULT_KERNEL, kernelsWithoutBtf, labKernels } from './debian-kernels.js';
export { type HeadersRequest, obtainKernelHeaders } from './kernel-headers.js';
export { labCacheDirectory } from './lab-cache.js';
export { cachedKernels, type KernelRequest, type LabKernel, obtainKernel } from './lab-kernel.js';
export type {
  Accelerator,
  LabOptions,
  LabResult,
  LabSignal,
  PublishedPort,
} from './lab-options.js';
export { LAB_PROGRAMS, type LabRun, startLab } from './start-lab.js';
