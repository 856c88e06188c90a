// SPDX-License-Identifier: MIT
/*
 * The store of pending packets (native/include/ipvscope_pending.h), with tasks, softirqs and CPUs
 * simulated around it: every way in which they can interleave, up to a number of switches, is
 * tried.
 *
 *   pending-model SCENARIO SWITCHES
 *
 * Tasks are coroutines. At each step that others see of the store, and around each run of a
 * program, the explorer chooses who goes on: the same task, another one of its CPU (which preempts
 * it), one of another CPU, or a softirq on top of it. Runs are skipped as the kernel skips them:
 * where another run of the same program is under way on the CPU. All choices are tried, depth
 * first.
 *
 * Prints what was tried and seen. Exit code 1 where a packet was given another's verdict, was
 * accounted for twice or never, or something was left in the store.
 *
 * -DEPOCH_IGNORED leaves the epoch out of the model's programs, -DSWEEP_UNCLAIMED lets the sweep
 * release slots that it has not claimed: then it has to fail.
 */
#include <ucontext.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace {
void Step();
} // namespace

#define PENDING_SWAP(word, from, to) Swap(word, from, to)
#define PENDING_LOAD(word) Load(word)
#define PENDING_STORE(word, value) Store(word, value)
#define PENDING_BARRIER()                                                                          \
  do {                                                                                             \
  } while (0)

// A slot changed hands.
static void Stolen(void* word);

static uint64_t Swap(void* word, uint64_t from, uint64_t to) {
  Step();
  auto* at = static_cast<unsigned long long*>(word);
  const uint64_t held = *at;
  if (held == from) {
    *at = to;
    if (from != 0 && (from & 1) == 0 && (to & 1) != 0 && to != (from | 1)) {
      Stolen(at);
    }
  }
  return held;
}

static uint64_t Load(void* word) {
  Step();
  return *static_cast<unsigned long long*>(word);
}

static void Store(void* word, uint64_t value) {
  Step();
  *static_cast<unsigned long long*>(word) = value;
}

#include "../../../native/include/ipvscope_pending.h"

namespace {

enum Program { kLookup, kExpire, kVerdict, kPrograms };

struct Packet {
  uint32_t id = 0;
  uint64_t skb = 0;
  bool notable = true;
  bool stolen = false;  // else it is accepted: its bytes can be compared
  bool expires = false; // its entry is
  // What became of it.
  bool looked_up = false;
  int records = 0;
  int losses = 0;
};

struct Cpu {
  int active[kPrograms] = {};
  uint64_t softirqs = 0;
};

struct Task {
  ucontext_t context{};
  std::function<void()> body;
  uint64_t number = 0;
  int cpu = 0;
  uint64_t switches = 0;
  bool done = false;
  bool in_softirq = false;
  uint32_t stolen = 0;          // the packet whose slot it took
  std::vector<Packet*> softirq; // may come on top of it, in this order, one by one
};

struct World {
  ipvscope_pending_store store{};
  Cpu cpus[2];
  std::vector<std::unique_ptr<Task>> tasks;
  std::vector<std::unique_ptr<Packet>> packets;
  Task* running = nullptr;
  Task* on_cpu[2] = {};
  uint32_t ticks = 1;
  int switches_left = 0;
  bool wrong = false;
  std::string why;
};

World* world;
ucontext_t explorer;

// Whose slot it is, before a thief overwrites it.
void NoteOwner(const unsigned long long* word) {
  const auto slot = static_cast<size_t>(word - world->store.buckets[0].words);
  if (slot < IPVSCOPE_PENDING_SLOTS) {
    world->running->stolen = world->store.slots[slot].isn;
  }
}

// Choices of the path that is being tried, and how many there were at each.
std::vector<int> path, width;
size_t depth;

int Choose(int count) {
  if (count == 1) {
    return 0;
  }
  if (depth == path.size()) {
    path.push_back(0);
    width.push_back(count);
  }
  return path[depth++];
}

bool NextPath() {
  while (!path.empty() && path.back() + 1 == width.back()) {
    path.pop_back();
    width.pop_back();
  }
  if (path.empty()) {
    return false;
  }
  path.back()++;
  return true;
}

void Wrong(const std::string& why) {
  world->wrong = true;
  world->why = why;
}

void RunHook(Packet* packet);

// Runs a program the way __bpf_prog_enter_recur() does.
void Run(Program program, const std::function<void()>& body) {
  Task* task = world->running;
  Step();
  int& active = world->cpus[task->cpu].active[program];
  // Each body begins with a step.
  if (++active == 1) {
    body();
    Step();
  }
  --active;
}

ipvscope_pending_epoch Now() {
  const Task* task = world->running;
  ipvscope_pending_epoch epoch{};
  epoch.task = task->number;
  epoch.task_start = 1;
#ifndef EPOCH_IGNORED
  epoch.count = task->switches;
  if (task->in_softirq) {
    epoch.count = 1ULL << 63 | epoch.count << 32 | world->cpus[task->cpu].softirqs;
  }
#endif
  return epoch;
}

Packet* Of(const ipvscope_pending& packet) { return world->packets[packet.isn].get(); }

uint64_t EntryOf(const Packet& packet) { return 0x4000 + packet.skb / 2; }

bool NonePending(const Packet* packet) {
  __u64* words = world->store.buckets[ipvscope_pending_bucket_of(packet->skb)].words;
  return (PENDING_LOAD(&words[0]) | PENDING_LOAD(&words[1])) == 0;
}

void Lookup(Packet* packet) {
  ipvscope_pending_ref claim{};
  ipvscope_pending_epoch epoch = Now();
  if (!NonePending(packet)) {
    ipvscope_pending* stale =
        ipvscope_pending_find(&world->store, PENDING_SKB, packet->skb, &epoch, 1, &claim);
    if (stale != nullptr) {
      Of(*stale)->losses++;
      ipvscope_pending_withdraw(&world->store, &claim);
      ipvscope_pending_release(&world->store, claim.slot);
    }
  }
  if (!packet->notable) {
    return;
  }
  packet->looked_up = true;
  const uint64_t entry = packet->expires ? EntryOf(*packet) : 0;
  int stolen = 0;
  ipvscope_pending* pending = ipvscope_pending_begin(&world->store, packet->skb, 0, entry,
                                                     world->ticks++, 0, &claim, &stolen);
  if (pending == nullptr) {
    packet->losses++;
    return;
  }
  if (stolen != 0) {
    world->packets[world->running->stolen]->losses++;
  }
  pending->task = epoch.task;
  pending->task_start = epoch.task_start;
  pending->epoch = epoch.count;
  pending->isn = packet->id;
  ipvscope_pending_publish(&world->store, claim.slot, claim.live);
}

void Expire(Packet* packet) {
  ipvscope_pending_ref claim{};
  ipvscope_pending_epoch epoch = Now();
  ipvscope_pending* pending =
      ipvscope_pending_find(&world->store, PENDING_CONN, EntryOf(*packet), &epoch, 0, &claim);
  if (pending == nullptr) {
    return;
  }
  if (pending->isn != packet->id) {
    Wrong("a sighting of another packet");
  }
  pending->observed = 1;
  ipvscope_pending_publish(&world->store, claim.slot, claim.live);
}

void Verdict(Packet* packet) {
  ipvscope_pending_ref claim{};
  if (NonePending(packet)) {
    return;
  }
  ipvscope_pending_epoch epoch = Now();
  ipvscope_pending* pending =
      ipvscope_pending_find(&world->store, PENDING_SKB, packet->skb, &epoch, 0, &claim);
  if (pending == nullptr) {
    return;
  }
  Packet* its = Of(*pending);
  if (ipvscope_pending_withdraw(&world->store, &claim) != 0) {
    if (its != packet) {
      Wrong("another's verdict");
    }
    its->records++;
  } else {
    its->losses++;
  }
  ipvscope_pending_release(&world->store, claim.slot);
}

// A packet's way: ip_vs_in_hook().
void RunHook(Packet* packet) {
  Run(kLookup, [packet] { Lookup(packet); });
  if (packet->expires) {
    Run(kExpire, [packet] { Expire(packet); });
  }
  Run(kVerdict, [packet] { Verdict(packet); });
}

void SwitchTo(Task* next) {
  Task* current = world->running;
  world->running = next;
  world->on_cpu[next->cpu] = next;
  swapcontext(&current->context, &next->context);
}

// Here others may go on.
void Step() {
  Task* task = world->running;
  if (task == nullptr || task->in_softirq) {
    return; // at the end; or nobody preempts a softirq, and what it does is one step for others
  }
  std::vector<Task*> others;
  if (world->switches_left > 0) {
    for (const auto& other : world->tasks) {
      if (other.get() != task && !other->done) {
        others.push_back(other.get());
      }
    }
  }
  const int softirqs = task->softirq.empty() ? 0 : 1;
  const int choice = Choose(1 + softirqs + static_cast<int>(others.size()));
  if (choice == 0) {
    return;
  }
  if (choice <= softirqs) {
    Packet* packet = task->softirq.front();
    task->softirq.erase(task->softirq.begin());
    world->cpus[task->cpu].softirqs++;
    task->in_softirq = true;
    RunHook(packet);
    task->in_softirq = false;
    Step();
    return;
  }
  Task* next = others[choice - 1 - softirqs];
  world->switches_left--;
  // Another CPU goes on by itself; on the same one, whoever was there is switched away.
  Task* there = world->on_cpu[next->cpu];
  if (there != nullptr && there != next) {
    there->switches++;
  }
  SwitchTo(next);
}

void Body() {
  Task* task = world->running;
  task->body();
  task->done = true;
  setcontext(&explorer);
}

Task* AddTask(int cpu, std::function<void()> body) {
  auto task = std::make_unique<Task>();
  task->number = 100 + world->tasks.size();
  task->cpu = cpu;
  task->body = std::move(body);
  constexpr size_t kBytes = 64 << 10, kTasks = 4;
  static char stacks[kTasks][kBytes];
  getcontext(&task->context);
  task->context.uc_stack.ss_sp = stacks[world->tasks.size()];
  task->context.uc_stack.ss_size = kBytes;
  makecontext(&task->context, Body, 0);
  world->tasks.push_back(std::move(task));
  return world->tasks.back().get();
}

Packet* AddPacket(uint64_t skb, bool notable, bool expires = false) {
  auto packet = std::make_unique<Packet>();
  packet->id = static_cast<uint32_t>(world->packets.size());
  packet->skb = skb;
  packet->notable = notable;
  packet->expires = expires;
  world->packets.push_back(std::move(packet));
  return world->packets.back().get();
}

// Skbs that share a place.
constexpr uint64_t kSkb = 0x100, kSecond = kSkb + 256 * IPVSCOPE_PENDING_BUCKETS,
                   kThird = kSecond + 256 * IPVSCOPE_PENDING_BUCKETS;

void AddSweep(int rounds) {
  AddTask(1, [rounds] {
    const uint32_t first = ipvscope_pending_bucket_of(kSkb) * 2;
    for (int round = 0; round < rounds; round++) {
      for (uint32_t slot = first; slot < first + 2; slot++) {
        const uint64_t word = PENDING_LOAD(ipvscope_pending_slot_word(&world->store, slot));
        if (word == 0 || (word & PENDING_BUSY) != 0) {
          continue;
        }
        Step(); // the session looks again later
        // Whose it is, is asked of a slot that the sweep has: a step of the model, none of the
        // store.
#ifdef SWEEP_UNCLAIMED
        const uint32_t whose = world->store.slots[slot].isn;
        Step();
        ipvscope_pending_release(&world->store, slot);
        world->packets[whose]->losses++;
#else
        if (ipvscope_pending_claim(&world->store, slot, word) != 0) {
          world->packets[world->store.slots[slot].isn]->losses++;
          ipvscope_pending_release_names(&world->store, slot, word);
          ipvscope_pending_release(&world->store, slot);
        }
#endif
      }
    }
  });
}

struct Scenario {
  const char* name;
  void (*build)();
};

const Scenario kScenarios[] = {
    // Two packets of one task with an sk_buff at the same address; another task of the CPU sends
    // what is not notable, and is preempted in the programs.
    {"preempted",
     [] {
       Packet* packets[] = {AddPacket(kSkb, true), AddPacket(kSkb, true), AddPacket(kThird, false),
                            AddPacket(kThird, false)};
       AddTask(0, [=] {
         RunHook(packets[0]);
         RunHook(packets[1]);
       });
       AddTask(0, [=] {
         RunHook(packets[2]);
         RunHook(packets[3]);
       });
     }},
    // The same with softirqs on top of a task that is in the programs itself.
    {"interrupted",
     [] {
       Packet* packets[] = {AddPacket(kSkb, true), AddPacket(kSkb, true), AddPacket(kThird, false),
                            AddPacket(kThird, false), AddPacket(kSkb, true)};
       Task* task = AddTask(0, [=] {
         RunHook(packets[2]);
         RunHook(packets[3]);
         RunHook(packets[4]);
       });
       task->softirq = {packets[0], packets[1]};
     }},
    // Tasks of two CPUs want the same place; entries are expired, and expirations seen by name.
    {"shared",
     [] {
       Packet* packets[] = {AddPacket(kSkb, true, true), AddPacket(kSecond, true, true),
                            AddPacket(kThird, true, true)};
       AddTask(0, [=] { RunHook(packets[0]); });
       AddTask(1, [=] { RunHook(packets[1]); });
       AddTask(0, [=] { RunHook(packets[2]); });
     }},
    // The sk_buff of each packet was freed, and is another task's, before its hook returns.
    {"crowded",
     [] {
       for (int cpu : {0, 0, 1}) {
         Packet* packet = AddPacket(kSkb, true);
         AddTask(cpu, [=] { RunHook(packet); });
       }
     }},
    // A session that sweeps whatever it sees, as if all were old.
    {"swept",
     [] {
       Packet* packets[] = {AddPacket(kSkb, true, true), AddPacket(kSkb, true, true)};
       AddTask(0, [=] {
         RunHook(packets[0]);
         RunHook(packets[1]);
       });
       AddSweep(2);
     }},
};

void Play(const Scenario& scenario, int switches) {
  world->switches_left = switches;
  scenario.build();
  for (;;) {
    std::vector<Task*> alive;
    for (const auto& task : world->tasks) {
      if (!task->done) {
        alive.push_back(task.get());
      }
    }
    if (alive.empty()) {
      return;
    }
    // Whoever ended, any other may go on: no switch that counts.
    Task* next = alive[Choose(static_cast<int>(alive.size()))];
    Task* there = world->on_cpu[next->cpu];
    if (there != nullptr && there != next) {
      there->switches++;
    }
    world->running = next;
    world->on_cpu[next->cpu] = next;
    swapcontext(&explorer, &next->context);
  }
}

// What the session does once no program runs any more.
void SweepAll() {
  world->running = nullptr;
  const uint32_t first = ipvscope_pending_bucket_of(kSkb) * 2;
  for (uint32_t slot = first; slot < first + 2; slot++) {
    const uint64_t word = *ipvscope_pending_slot_word(&world->store, slot);
    if (word != 0) {
      Packet* packet = Of(world->store.slots[slot]);
      if (ipvscope_pending_sweep(&world->store, slot, word) == 0) {
        Wrong("a slot is busy for ever");
      }
      packet->losses++;
    }
  }
}

void Check() {
  for (const auto& packet : world->packets) {
    const int told = packet->records + packet->losses;
    if (packet->looked_up ? told != 1 : told != 0) {
      Wrong("packet " + std::to_string(packet->id) + ": " + std::to_string(packet->records) +
            " records, " + std::to_string(packet->losses) + " losses");
    }
  }
  for (const auto& packet : world->packets) {
    const auto* words = world->store.buckets[ipvscope_pending_bucket_of(packet->skb)].words;
    const auto* names = world->store.names[ipvscope_pending_name_bucket_of(EntryOf(*packet))].words;
    if ((words[0] | words[1] | names[0] | names[1]) != 0) {
      Wrong("something is left");
    }
  }
}

} // namespace

static void Stolen(void* word) { NoteOwner(static_cast<unsigned long long*>(word)); }

int main(int count, char** arguments) {
  const Scenario* scenario = nullptr;
  for (const Scenario& one : kScenarios) {
    if (count == 3 && strcmp(arguments[1], one.name) == 0) {
      scenario = &one;
    }
  }
  if (scenario == nullptr) {
    fprintf(stderr, "usage: pending-model SCENARIO SWITCHES\n");
    return 2;
  }
  auto memory = std::make_unique<World>();
  world = memory.get();
  unsigned long tried = 0, records = 0, losses = 0, unseen = 0;
  do {
    depth = 0;
    world->tasks.clear();
    world->packets.clear();
    world->cpus[0] = world->cpus[1] = Cpu();
    world->on_cpu[0] = world->on_cpu[1] = nullptr;
    world->ticks = 1;
    Play(*scenario, atoi(arguments[2]));
    SweepAll();
    Check();
    tried++;
    for (const auto& packet : world->packets) {
      records += packet->records;
      losses += packet->losses;
      unseen += packet->notable && !packet->looked_up;
    }
    if (world->wrong) {
      printf("%s: %s, after %lu others; choices:", scenario->name, world->why.c_str(), tried);
      for (const int choice : path) {
        printf(" %d", choice);
      }
      printf("\n");
      return 1;
    }
  } while (NextPath());
  printf("%s: %lu interleavings, %lu records, %lu losses, %lu lookups skipped\n", scenario->name,
         tried, records, losses, unseen);
  return 0;
}
