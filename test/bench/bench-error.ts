import { type ErrorDetails, IpvscopeError } from '../../src/error.js';

/** A failure of the benchmark itself: its codes are no codes of the product. */
export class BenchError extends IpvscopeError {
  constructor(code: `ERR_BENCH_${string}`, message: string, details: ErrorDetails = {}) {
    super('ERR_INTERNAL', message, details);
    Object.defineProperty(this, 'code', { value: code });
  }
}
