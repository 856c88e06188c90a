// SPDX-License-Identifier: MIT
#include "heartbeat.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/ip_vs.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <string>
#include <system_error>
#include <thread>

#include "ipvscope_heartbeat.h"

namespace ipvscope {
namespace {

Failure Fail(int error, const std::string& message) {
  return Failure{"ERR_HEARTBEAT", "heartbeat", error, message + ": " + strerror(error), {}};
}

// Lifetime of the entry. Dropped packets do not extend it: it is recreated before it expires.
constexpr std::chrono::hours kEntryTimeout{48};
constexpr std::chrono::hours kEntryAge{24};

// Schedulers of ip_vs, the simplest first; any of them chooses the only server.
constexpr const char* kSchedulers[] = {"rr", "wrr", "lc", "wlc", "sed",  "nq",   "fo",
                                       "sh", "dh",  "mh", "ovf", "lblc", "lblcr"};

bool Exists(const std::string& path) { return access(path.c_str(), F_OK) == 0; }

// Returns a loaded scheduler, nullptr where there is none: using another would load its module, and
// that would keep ip_vs loaded. Where ip_vs is built in, the simplest is assumed to be, too.
const char* LoadedScheduler() {
  for (const char* name : kSchedulers) {
    if (Exists(std::string("/sys/module/ip_vs_") + name)) {
      return name;
    }
  }
  return Exists("/sys/module/ip_vs/initstate") ? nullptr : kSchedulers[0];
}

// No scheduler (ip_vs_ctl.c, ip_vs_add_service()): for a service without servers.
constexpr const char* kNoScheduler = "none";

sockaddr_in Service() {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(IPVSCOPE_HEARTBEAT_PORT);
  address.sin_addr.s_addr = htonl(IPVSCOPE_HEARTBEAT_ADDRESS);
  return address;
}

// The kernel then adds 127.0.0.0/8 (net/ipv4/devinet.c, inetdev_event()).
int BringUpLoopback(int socket) {
  ifreq request{};
  strncpy(request.ifr_name, "lo", sizeof(request.ifr_name) - 1);
  request.ifr_flags = IFF_UP;
  return ioctl(socket, SIOCSIFFLAGS, &request) == 0 ? 0 : errno;
}

// Returns the inode number of the socket's namespace without /proc; 0 on error.
uint32_t NamespaceOf(int socket) {
  const int descriptor = ioctl(socket, SIOCGSKNS);
  if (descriptor < 0) {
    return 0;
  }
  struct stat status {};
  const int error = fstat(descriptor, &status);
  close(descriptor);
  return error == 0 ? static_cast<uint32_t>(status.st_ino) : 0;
}

// Keeps Linux 6.2 and later from starting estimation kthreads for the namespace's first service.
// Where the file is read-only (a container), they run until the namespace is gone.
void StopEstimation() {
  const int file = open("/proc/sys/net/ipv4/vs/run_estimation", O_WRONLY | O_CLOEXEC);
  if (file >= 0) {
    [[maybe_unused]] const ssize_t written = write(file, "0", 1);
    close(file);
  }
}

template <typename Value> int SetOption(int socket, int option, const Value& value) {
  return setsockopt(socket, IPPROTO_IP, option, &value, sizeof(value)) == 0 ? 0 : errno;
}

ip_vs_service_user ServiceOption(const char* scheduler) {
  const sockaddr_in address = Service();
  ip_vs_service_user service{};
  service.protocol = IPPROTO_UDP;
  service.addr = address.sin_addr.s_addr;
  service.port = address.sin_port;
  strncpy(service.sched_name, scheduler, sizeof(service.sched_name) - 1);
  return service;
}

} // namespace

Outcome Heartbeat::Open(bool service_stays) {
  service_stays_ = service_stays;
  Outcome failure;
  try {
    // Only this thread enters the namespace, and it does nothing else.
    std::thread([this, &failure] { failure = MakeNamespace(); }).join();
  } catch (const std::system_error& error) {
    failure = Fail(error.code().value(), "cannot start a thread");
  }
  if (failure) {
    Close();
  }
  return failure;
}

Outcome Heartbeat::MakeNamespace() {
  if (unshare(CLONE_NEWNET) != 0) {
    return Fail(errno, "cannot create a network namespace");
  }
  StopEstimation();
  socket_ = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (socket_ < 0) {
    return Fail(errno, "cannot open a socket");
  }
  if (const int error = BringUpLoopback(socket_)) {
    return Fail(error, "cannot bring up the loopback device");
  }
  // One source port, so that all packets are of one connection.
  sockaddr_in client{};
  client.sin_family = AF_INET;
  client.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (bind(socket_, reinterpret_cast<const sockaddr*>(&client), sizeof(client)) != 0) {
    return Fail(errno, "cannot bind a socket");
  }
  // This packet arrives: so ip_vs, and no other filter, drops those that follow.
  if (const int error = Send()) {
    return Fail(error, "cannot send a packet in the heartbeat's network namespace");
  }
  netns_ = NamespaceOf(socket_);
  return netns_ != 0 ? Outcome()
                     : Fail(errno, "cannot read the inode number of the network namespace");
}

void Heartbeat::Close() {
  if (socket_ >= 0) {
    // The kernel destroys the namespace asynchronously; until then a service would keep the module.
    if (has_service_) {
      DeleteService();
    }
    close(socket_);
  }
  socket_ = -1;
  netns_ = 0;
  has_service_ = has_entry_ = false;
}

// 0 or an errno; EPERM: dropped by a hook.
int Heartbeat::Send() const {
  const sockaddr_in service = Service();
  // The socket is not connected, so that ICMP errors are not reported to it.
  const ssize_t sent = sendto(socket_, "", 1, MSG_DONTWAIT | MSG_NOSIGNAL,
                              reinterpret_cast<const sockaddr*>(&service), sizeof(service));
  return sent >= 0 ? 0 : errno;
}

Outcome Heartbeat::Beat() {
  if (socket_ < 0) {
    return Fail(ENOTCONN, "the heartbeat has no network namespace");
  }
  if (!has_entry_ || EntryIsOld()) {
    has_entry_ = MakeEntry() == 0;
  }
  if (!has_service_) {
    if (const int error = AddService(kNoScheduler)) {
      return Fail(error, "cannot add the heartbeat's virtual service");
    }
  }
  const int sent = Send();
  const int deleted = service_stays_ ? 0 : DeleteService();
  if (sent == 0) {
    return Failure{"ERR_HEARTBEAT",
                   "heartbeat",
                   0,
                   "ip_vs passed the heartbeat's packet instead of dropping it",
                   {}};
  }
  if (sent != EPERM) {
    return Fail(sent, "cannot send a packet in the heartbeat's network namespace");
  }
  return deleted == 0 ? Outcome() : Fail(deleted, "cannot delete the heartbeat's virtual service");
}

bool Heartbeat::EntryIsOld() const {
  return std::chrono::steady_clock::now() - entry_made_ > kEntryAge;
}

// 0 or an errno.
int Heartbeat::MakeEntry() {
  const char* scheduler = LoadedScheduler();
  if (scheduler == nullptr) {
    return ENOENT;
  }
  if (const int error = has_service_ ? DeleteService() : 0) {
    return error;
  }
  ip_vs_timeout_user timeout{};
  timeout.udp_timeout = std::chrono::seconds(kEntryTimeout).count();
  // The layout that the kernel expects (ip_vs_ctl.c, do_ip_vs_set_ctl()).
  struct {
    ip_vs_service_user service;
    ip_vs_dest_user server;
  } both{ServiceOption(scheduler), {}};
  both.server.addr = htonl(INADDR_LOOPBACK);
  both.server.port = both.service.port;
  both.server.conn_flags = IP_VS_CONN_F_MASQ;
  both.server.weight = 1;

  int error = SetOption(socket_, IP_VS_SO_SET_TIMEOUT, timeout);
  if (error == 0) {
    error = AddService(scheduler);
  }
  if (error != 0) {
    return error;
  }
  error = SetOption(socket_, IP_VS_SO_SET_ADDDEST, both);
  if (error == 0) {
    error = Send();
  }
  // Deleting the service removes its server; the entry stays.
  const int deleted = DeleteService();
  if (error == 0 && deleted == 0) {
    entry_made_ = std::chrono::steady_clock::now();
  }
  return error != 0 ? error : deleted;
}

int Heartbeat::AddService(const char* scheduler) {
  const int error = SetOption(socket_, IP_VS_SO_SET_ADD, ServiceOption(scheduler));
  has_service_ = error == 0;
  return error;
}

int Heartbeat::DeleteService() {
  const int error = SetOption(socket_, IP_VS_SO_SET_DEL, ServiceOption(kNoScheduler));
  has_service_ = error != 0;
  return error;
}

} // namespace ipvscope
