// SPDX-License-Identifier: MIT
#include "grace_period.h"

#include <bpf/bpf.h>

#include <cerrno>
#include <cstring>
#include <string>
#include <system_error>

namespace ipvscope {

Grace::~Grace() { Close(); }

void Grace::Open(int maps, int first) {
  Close();
  maps_ = maps;
  first_ = first;
}

void Grace::Close() {
  if (thread_.joinable()) {
    thread_.join();
  }
  ended_ = false;
  error_ = 0;
  begun_ = over_ = 0;
}

// 0 or an errno.
int Grace::Pass() const {
  const uint32_t element = 0;
  return bpf_map_update_elem(maps_, &element, &first_, BPF_ANY) == 0 ? 0 : errno;
}

// False while one is under way.
bool Grace::Ended() {
  if (!thread_.joinable()) {
    return true;
  }
  if (!ended_.load(std::memory_order_acquire)) {
    return false;
  }
  thread_.join();
  Conclude();
  return true;
}

void Grace::PassHere() {
  error_ = Pass();
  Conclude();
}

void Grace::Conclude() { over_ = error_ == 0 ? begun_ : over_; }

Outcome Grace::Collect() {
  const int error = error_;
  error_ = 0;
  if (error == 0) {
    return {};
  }
  return Failure{"ERR_PROBE_READ",
                 "read",
                 error,
                 std::string("cannot wait for programs that run: ") + strerror(error),
                 {}};
}

Outcome Grace::Begin() {
  if (!Ended()) {
    return {};
  }
  if (Outcome failure = Collect()) {
    return failure;
  }
  begun_++;
  ended_.store(false, std::memory_order_relaxed);
  try {
    thread_ = std::thread([this] {
      error_ = Pass();
      ended_.store(true, std::memory_order_release);
    });
  } catch (const std::system_error&) {
    // No thread can be had now.
    PassHere();
  }
  return {};
}

uint64_t Grace::over() {
  Ended();
  return over_;
}

Outcome Grace::Wait() {
  if (thread_.joinable()) {
    thread_.join();
  }
  begun_++;
  PassHere();
  return Collect();
}

} // namespace ipvscope
