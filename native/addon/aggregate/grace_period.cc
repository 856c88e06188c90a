// SPDX-License-Identifier: MIT
#include "grace_period.h"

#include <bpf/bpf.h>

#include <cerrno>
#include <cstring>
#include <string>
#include <system_error>

namespace ipvscope {

GracePeriods::~GracePeriods() { Close(); }

void GracePeriods::Open(int maps, int first) {
  Close();
  maps_ = maps;
  first_ = first;
}

void GracePeriods::Close() {
  if (thread_.joinable()) {
    thread_.join();
  }
  finished_ = false;
  error_ = 0;
  started_ = completed_ = 0;
}

// Waits for one grace period. Returns 0 or an errno.
int GracePeriods::Synchronize() const {
  const uint32_t element = 0;
  return bpf_map_update_elem(maps_, &element, &first_, BPF_ANY) == 0 ? 0 : errno;
}

// False while one is in progress.
bool GracePeriods::HasFinished() {
  if (!thread_.joinable()) {
    return true;
  }
  if (!finished_.load(std::memory_order_acquire)) {
    return false;
  }
  thread_.join();
  RecordCompletion();
  return true;
}

void GracePeriods::SynchronizeHere() {
  error_ = Synchronize();
  RecordCompletion();
}

void GracePeriods::RecordCompletion() { completed_ = error_ == 0 ? started_ : completed_; }

Outcome GracePeriods::TakeError() {
  const int error = error_;
  error_ = 0;
  if (error == 0) {
    return {};
  }
  return Failure{"ERR_PROBE_READ",
                 "read",
                 error,
                 std::string("cannot wait for an RCU grace period: ") + strerror(error),
                 {}};
}

Outcome GracePeriods::Start() {
  if (!HasFinished()) {
    return {};
  }
  if (Outcome failure = TakeError()) {
    return failure;
  }
  started_++;
  finished_.store(false, std::memory_order_relaxed);
  try {
    thread_ = std::thread([this] {
      error_ = Synchronize();
      finished_.store(true, std::memory_order_release);
    });
  } catch (const std::system_error&) {
    // No thread is available: this one waits.
    SynchronizeHere();
  }
  return {};
}

uint64_t GracePeriods::completed() {
  HasFinished();
  return completed_;
}

Outcome GracePeriods::Wait() {
  if (thread_.joinable()) {
    thread_.join();
  }
  started_++;
  SynchronizeHere();
  return TakeError();
}

} // namespace ipvscope
