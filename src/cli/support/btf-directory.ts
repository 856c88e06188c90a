/** Where BTF files are written by default, and found by every command. */
export const BTF_DIRECTORY = '/var/lib/ipvscope/btf';
