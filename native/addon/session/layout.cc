// SPDX-License-Identifier: MIT
#include "layout.h"

#include <bpf/btf.h>

#include <cstdio>

namespace ipvscope {
namespace {

constexpr const char* kRecord = "ipvscope_record";
constexpr const char* kEnums[] = {
    "ipvscope_kind",  "ipvscope_verdict",   "ipvscope_conntrack", "ipvscope_forwarding",
    "ipvscope_cause", "ipvscope_scheduler", "ipvscope_flag",      "ipvscope_delay_bound_ms",
    "ipvscope_loss",  "ipvscope_cpu",       "ipvscope_key",       "ipvscope_variant",
    "ipvscope_detail"};

Failure Bad(const std::string& message) { return Failure{"ERR_LAYOUT", "layout", 0, message, {}}; }

// Resolves typedefs, and reports whether one of them is a network byte order type.
const btf_type* Resolve(const btf* types, uint32_t id, bool* big_endian) {
  const btf_type* type = btf__type_by_id(types, id);
  while (type != nullptr && btf_is_typedef(type)) {
    const std::string name = btf__name_by_offset(types, type->name_off);
    *big_endian = *big_endian || name.rfind("__be", 0) == 0;
    type = btf__type_by_id(types, type->type);
  }
  return type;
}

Outcome ReadRecord(const btf* types, Layout* layout) {
  const int id = btf__find_by_name_kind(types, kRecord, BTF_KIND_STRUCT);
  if (id < 0) {
    return Bad("the embedded object has no type ipvscope_record");
  }
  const btf_type* record = btf__type_by_id(types, static_cast<uint32_t>(id));
  layout->size = record->size;
  uint32_t end = 0;
  const btf_member* members = btf_members(record);
  for (uint32_t i = 0; i < btf_vlen(record); i++) {
    Layout::Member member{};
    member.name = btf__name_by_offset(types, members[i].name_off);
    member.offset = members[i].offset / 8;
    const btf_type* type = Resolve(types, members[i].type, &member.big_endian);
    member.size = static_cast<uint32_t>(btf__resolve_size(types, members[i].type));
    member.is_array = btf_is_array(type);
    member.is_signed = btf_is_int(type) && (btf_int_encoding(type) & BTF_INT_SIGNED) != 0;
    if (member.offset != end) {
      return Bad("ipvscope_record has a hole before " + member.name);
    }
    end = member.offset + member.size;
    layout->members.push_back(member);
  }
  if (end != layout->size) {
    return Bad("ipvscope_record has a hole at its end");
  }
  return {};
}

Outcome ReadEnums(const btf* types, Layout* layout) {
  for (const char* name : kEnums) {
    const int id = btf__find_by_name_kind(types, name, BTF_KIND_ENUM);
    if (id < 0) {
      return Bad(std::string("the embedded object has no enum ") + name);
    }
    const btf_type* type = btf__type_by_id(types, static_cast<uint32_t>(id));
    Layout::Enum entry{name, {}};
    const struct btf_enum* values = btf_enum(type);
    for (uint32_t i = 0; i < btf_vlen(type); i++) {
      entry.values.emplace_back(btf__name_by_offset(types, values[i].name_off), values[i].val);
    }
    layout->enums.push_back(entry);
  }
  return {};
}

std::string Fingerprint(const Layout& layout) {
  std::string text = std::to_string(layout.size);
  for (const auto& member : layout.members) {
    text += ' ' + member.name + ':' + std::to_string(member.offset) + ':' +
            std::to_string(member.size) + (member.is_signed ? 's' : 'u') +
            (member.is_array ? 'a' : 'v') + (member.big_endian ? 'b' : 'h');
  }
  for (const auto& entry : layout.enums) {
    text += ' ' + entry.name;
    for (const auto& [name, value] : entry.values) {
      text += ' ' + name + '=' + std::to_string(value);
    }
  }
  uint64_t hash = 0xcbf29ce484222325ULL;
  for (const char character : text) {
    hash = (hash ^ static_cast<uint8_t>(character)) * 0x100000001b3ULL;
  }
  char digits[17];
  snprintf(digits, sizeof(digits), "%016llx", static_cast<unsigned long long>(hash));
  return digits;
}

} // namespace

Outcome ReadLayout(const btf* types, Layout* layout) {
  if (Outcome failure = ReadRecord(types, layout)) {
    return failure;
  }
  if (Outcome failure = ReadEnums(types, layout)) {
    return failure;
  }
  layout->fingerprint = Fingerprint(*layout);
  return {};
}

} // namespace ipvscope
