// SPDX-License-Identifier: MIT
#include "drop_reasons.h"

#include <bpf/btf.h>

namespace ipvscope {

std::vector<std::string> ReadDropReasons() {
  static const std::string kPrefix = "SKB_DROP_REASON_";
  // No subsystem of the kernel has more reasons of its own than fit below this.
  constexpr int kMost = 0xffff;
  std::vector<std::string> names;
  btf* types = btf__load_vmlinux_btf();
  if (types == nullptr) {
    return names;
  }
  const int id = btf__find_by_name_kind(types, "skb_drop_reason", BTF_KIND_ENUM);
  if (id > 0) {
    const btf_type* type = btf__type_by_id(types, static_cast<uint32_t>(id));
    const struct btf_enum* values = btf_enum(type);
    for (uint32_t i = 0; i < btf_vlen(type); i++) {
      const std::string name = btf__name_by_offset(types, values[i].name_off);
      if (values[i].val < 0 || values[i].val > kMost || name.rfind(kPrefix, 0) != 0) {
        continue;
      }
      const auto value = static_cast<size_t>(values[i].val);
      if (names.size() <= value) {
        names.resize(value + 1);
      }
      names[value] = name.substr(kPrefix.size());
    }
  }
  btf__free(types);
  return names;
}

} // namespace ipvscope
