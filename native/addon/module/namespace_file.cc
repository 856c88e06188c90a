// SPDX-License-Identifier: MIT
#include "namespace_file.h"

#include <fcntl.h>
#include <sched.h>
#include <unistd.h>
#include <uv.h>

#include <cerrno>
#include <string>
#include <system_error>
#include <thread>

namespace ipvscope {
namespace {

class Descriptor {
public:
  explicit Descriptor(const std::string& path) : fd_(open(path.c_str(), O_RDONLY | O_CLOEXEC)) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() {
    if (fd_ >= 0) {
      close(fd_);
    }
  }
  int get() const { return fd_; }

private:
  int fd_;
};

// Reads the file off the event loop. Node-API owns it until its promise is settled.
class NamespaceReader : public Napi::AsyncWorker {
public:
  NamespaceReader(Napi::Env env, std::string path, std::string name)
      : Napi::AsyncWorker(env), deferred_(env), path_(std::move(path)), name_(std::move(name)) {}

  Napi::Promise Promise() const { return deferred_.Promise(); }

  void Execute() override {
    // setns() moves a thread permanently, and this one is libuv's: a temporary one goes.
    try {
      std::thread([this] { error_ = Read(); }).join();
    } catch (const std::system_error& cause) {
      error_ = cause.code().value();
    }
  }

  void OnOK() override {
    if (error_ == 0) {
      deferred_.Resolve(Napi::Buffer<char>::Copy(Env(), text_.data(), text_.size()));
      return;
    }
    const char* code = uv_err_name(-error_);
    Napi::Error error = Napi::Error::New(Env(), std::string(code) + ": " + path_ + ", " + name_);
    error.Set("code", code);
    deferred_.Reject(error.Value());
  }

private:
  // 0, or an errno.
  int Read() {
    const Descriptor name_space(path_);
    if (name_space.get() < 0 || setns(name_space.get(), CLONE_NEWNET) != 0) {
      return errno;
    }
    // /proc/net would be the namespace of the process's first thread.
    const Descriptor file("/proc/thread-self/net/" + name_);
    if (file.get() < 0) {
      return errno;
    }
    char piece[65536];
    for (;;) {
      const ssize_t length = read(file.get(), piece, sizeof(piece));
      if (length == 0) {
        return 0;
      }
      if (length < 0) {
        if (errno == EINTR) {
          continue;
        }
        return errno;
      }
      text_.append(piece, static_cast<size_t>(length));
    }
  }

  Napi::Promise::Deferred deferred_;
  const std::string path_;
  const std::string name_;
  std::string text_;
  int error_ = 0;
};

} // namespace

Napi::Value ReadInNamespace(const Napi::CallbackInfo& info) {
  auto* reader =
      new NamespaceReader(info.Env(), info[0].As<Napi::String>(), info[1].As<Napi::String>());
  const Napi::Promise promise = reader->Promise();
  reader->Queue();
  return promise;
}

} // namespace ipvscope
