/** CLOCK_MONOTONIC in whole microseconds: in nanoseconds it is no exact number after 104 days. */
export const monotonicUs = (): number => Number(process.hrtime.bigint() / 1000n);
