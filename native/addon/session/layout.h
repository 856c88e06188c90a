// SPDX-License-Identifier: MIT
#pragma once

#include "../failure.h"

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

struct btf;

namespace ipvscope {

// The record and its enums in the embedded object's BTF: TypeScript's layout is generated from it,
// and both sides compare its fingerprint.
struct Layout {
  struct Member {
    std::string name;
    uint32_t offset; // bytes
    uint32_t size;   // bytes
    bool is_signed;
    bool is_array;   // of bytes: an address
    bool big_endian; // network byte order (declared __be16, __be32)
  };
  struct Enum {
    std::string name;
    std::vector<std::pair<std::string, int64_t>> values;
  };

  uint32_t size = 0;
  std::vector<Member> members;
  std::vector<Enum> enums;
  std::string fingerprint; // 16 hexadecimal digits of FNV-1a over all of the above
};

// Reads the layout from an object's BTF; needs neither privilege nor a kernel with BPF. ERR_LAYOUT
// where a type is missing or the record has a hole.
Outcome ReadLayout(const btf* types, Layout* layout);

} // namespace ipvscope
