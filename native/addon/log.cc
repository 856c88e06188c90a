// SPDX-License-Identifier: MIT
#include "log.h"

#include <bpf/libbpf.h>

#include <algorithm>
#include <cstdarg>
#include <cstdio>
#include <deque>

// libbpf.a's name for stderr (binding.gyp). Only its default printer uses it, which Install()
// replaces.
extern "C" FILE* ipvscope_libbpf_stderr;
FILE* ipvscope_libbpf_stderr = stderr;

namespace ipvscope {
namespace {

constexpr size_t kMostLines = 30;
thread_local std::deque<std::string> lines;

// Keeps lines one by one: the verifier's log arrives as one message of many lines.
void Append(const std::string& text) {
  for (size_t start = 0; start < text.size();) {
    size_t end = text.find('\n', start);
    if (end == std::string::npos) {
      end = text.size();
    }
    if (end > start) {
      lines.push_back(text.substr(start, end - start));
      if (lines.size() > kMostLines) {
        lines.pop_front();
      }
    }
    start = end + 1;
  }
}

int Print(enum libbpf_print_level level, const char* format, va_list arguments) {
  if (level == LIBBPF_DEBUG) {
    return 0;
  }
  va_list again;
  va_copy(again, arguments);
  const int length = vsnprintf(nullptr, 0, format, arguments);
  if (length > 0) {
    std::string text(static_cast<size_t>(length) + 1, '\0');
    vsnprintf(text.data(), text.size(), format, again);
    text.resize(static_cast<size_t>(length));
    Append(text);
  }
  va_end(again);
  return 0;
}

} // namespace

void Log::Install() { libbpf_set_print(Print); }

void Log::Clear() { lines.clear(); }

bool Log::Mentions(std::string_view text) {
  return std::any_of(lines.begin(), lines.end(), [text](const std::string& line) {
    return line.find(text) != std::string::npos;
  });
}

std::string Log::Tail() {
  std::string tail;
  for (const std::string& line : lines) {
    tail += line;
    tail += '\n';
  }
  return tail;
}

} // namespace ipvscope
