// SPDX-License-Identifier: MIT
// The last error of libelf, a thread's own. Replaces elf_error.o of libelf.a (binding.gyp), which
// Debian builds for executables: the linker refuses its thread-local variable in a shared object.
// The messages of that file are libelf's own; here an error has its number, ELF_E_* in libelf's
// libelfP.h.
#include <libelf.h>

#include <cstdio>

namespace {

thread_local int last_error = 0;
thread_local char message[32];

} // namespace

// Called by the other objects of libelf.a.
extern "C" void __libelf_seterrno(int value) { last_error = value; }

extern "C" int elf_errno() {
  const int error = last_error;
  last_error = 0;
  return error;
}

// NULL for 0 without an error; -1 asks for the last one, whatever it is.
extern "C" const char* elf_errmsg(int error) {
  const int shown = error == 0 || error == -1 ? last_error : error;
  if (error == 0 && shown == 0) {
    return nullptr;
  }
  snprintf(message, sizeof(message), "libelf error %d", shown);
  return message;
}
