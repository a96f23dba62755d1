/*
 * A libnvidia-ml.so.1 for tests: answers from the control file named by FAKE_NVML_FILE, which is
 * read again whenever it has changed. Keeps to what real NVML does: short buffers give
 * INSUFFICIENT_SIZE and the count, no process gives SUCCESS with 0, no newer sample gives NOT_FOUND,
 * versioned structs are checked, memory v1 counts what is reserved as used.
 *
 * Lines of the control file (memory in MiB, power in mW; -1 stands for NVML_VALUE_NOT_AVAILABLE):
 *   driver TEXT
 *   gpu INDEX [key=value ...]     util total used reserved free temp power limit throttle mig uuid name bus
 *   process INDEX PID [kind=compute|graphics|mps] [memory=MIB] [sm=PERCENT] [before=PERCENT]
 *       [instance=N] [ghost=1]
 *   instance INDEX N UUID TOTAL USED
 *   garbage INDEX COUNT           that many senseless utilisation samples in front: old, of over 100 %, of the future
 *   fail CALL[@INDEX] CODE        CALL may be * for all calls on a GPU
 *   delay CALL[@INDEX] MS
 *   hang CALL[@INDEX]
 * Built with -DWITHOUT_V3 it is a driver before R510, with -DSTRIDE_32 one of 535.43 to 535.86.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define OK 0
#define UNINITIALIZED 1
#define INVALID_ARGUMENT 2
#define NOT_SUPPORTED 3
#define NOT_FOUND 6
#define INSUFFICIENT_SIZE 7
#define VERSION_MISMATCH 25
#define NONE 0xFFFFFFFFu
#define MIB 1048576ull
#define MOST 64
/* What is neither used nor reserved. */
#define REST -2

typedef int nvmlReturn_t;
typedef struct { int gpu; unsigned pid; char kind[16]; long long memory; int sm, before; unsigned instance; int ghost; } Process;
typedef struct { int gpu; unsigned number; char uuid[96]; long long total, used; } Instance;
typedef struct {
  int util, temp, mig, garbage;
  long long total, used, reserved, free, power, limit;
  unsigned long long throttle;
  char uuid[96], name[96], bus[32];
} Gpu;
typedef struct { char call[64]; int gpu, code, delay, hang; } Fault;

static Gpu gpus[MOST];
static Process processes[512];
static Instance instances[MOST];
static Fault faults[MOST];
static int gpuCount, processCount, instanceCount, faultCount, initialized;
static char driver[80] = "550.54.14";
static struct timespec stamp;
static ino_t inode;

/* A process that was seen alive and has ended leaves the lists, as with a driver; with ghost=1 it stays. */
static int hasGone(const Process *one) {
  static unsigned alive[512], known;
  static int recalled;
  char path[512], state = 'X';
  /* Another reader may have seen it. */
  snprintf(path, sizeof path, "%s.alive", getenv("FAKE_NVML_FILE"));
  FILE *seen = recalled++ ? NULL : fopen(path, "r");
  while (seen && known < 512 && fscanf(seen, "%u", &alive[known]) == 1) known++;
  if (seen) fclose(seen);
  snprintf(path, sizeof path, "/proc/%u/stat", one->pid);
  FILE *file = fopen(path, "r");
  if (file && fscanf(file, "%*d (%*[^)]) %c", &state) != 1) state = 'X';
  if (file) fclose(file);
  unsigned at = 0;
  while (at < known && alive[at] != one->pid) at++;
  if (state != 'X' && state != 'Z') {
    if (at == known && known < 512) {
      alive[known++] = one->pid;
      snprintf(path, sizeof path, "%s.alive", getenv("FAKE_NVML_FILE"));
      if ((seen = fopen(path, "a"))) fprintf(seen, "%u\n", one->pid);
      if (seen) fclose(seen);
    }
    return 0;
  }
  return at < known && !one->ghost;
}

/* Its VRAM was moved into host memory by the fake libcuda, which notes so in FAKE_CUDA_STATES. */
static int isMoved(const Process *one) {
  const char *folder = getenv("FAKE_CUDA_STATES");
  char path[512];
  if (!folder) return 0;
  snprintf(path, sizeof path, "%s/%u", folder, one->pid);
  FILE *file = fopen(path, "r");
  int state = file ? fgetc(file) : 0;
  if (file) fclose(file);
  return state == '2';
}

static Gpu *gpuAt(int index) {
  if (index < 0 || index >= MOST) return NULL;
  if (index >= gpuCount) {
    for (int i = gpuCount; i <= index; i++) {
      memset(&gpus[i], 0, sizeof gpus[i]);
      gpus[i].total = 24576;
      gpus[i].reserved = 400;
      gpus[i].free = REST;
      gpus[i].temp = 45;
      gpus[i].power = 60000;
      gpus[i].limit = 450000;
      snprintf(gpus[i].uuid, sizeof gpus[i].uuid, "GPU-fake-%d", i);
      snprintf(gpus[i].name, sizeof gpus[i].name, "Fake RTX %d", i);
      snprintf(gpus[i].bus, sizeof gpus[i].bus, "00000000:%02X:00.0", i + 1);
    }
    gpuCount = index + 1;
  }
  return &gpus[index];
}

static const char *value(const char *line, const char *key) {
  static char found[96];
  char pattern[40];
  snprintf(pattern, sizeof pattern, " %s=", key);
  const char *at = strstr(line, pattern);
  if (!at) return NULL;
  snprintf(found, sizeof found, "%s", at + strlen(pattern));
  found[strcspn(found, " \n")] = 0;
  return found;
}

static long long number(const char *line, const char *key, long long otherwise) {
  const char *text = value(line, key);
  return text ? atoll(text) : otherwise;
}

static void text(char *into, size_t size, const char *line, const char *key) {
  const char *found = value(line, key);
  if (!found) return;
  snprintf(into, size, "%s", found);
  for (char *c = into; *c; c++) if (*c == '_') *c = ' ';
}

static void fault(const char *line, int code, int delay, int hang) {
  Fault *one = &faults[faultCount < MOST ? faultCount++ : MOST - 1];
  *one = (Fault){.gpu = -1, .code = code, .delay = delay, .hang = hang};
  sscanf(line, "%*s %63[^@ \n]@%d", one->call, &one->gpu);
}

static void take(const char *line) {
  int gpu = 0, count = 0;
  unsigned pid = 0;
  Gpu *at;
  if (sscanf(line, "driver %79[^\n]", driver) == 1) return;
  if (sscanf(line, "gpu %d", &gpu) == 1 && (at = gpuAt(gpu))) {
    at->util = (int)number(line, "util", 0);
    at->temp = (int)number(line, "temp", 45);
    at->mig = (int)number(line, "mig", 0);
    at->total = number(line, "total", 24576);
    at->used = number(line, "used", 0);
    at->reserved = number(line, "reserved", 400);
    at->free = number(line, "free", REST);
    at->power = number(line, "power", 60000);
    at->limit = number(line, "limit", 450000);
    at->throttle = (unsigned long long)number(line, "throttle", 0);
    text(at->uuid, sizeof at->uuid, line, "uuid");
    text(at->name, sizeof at->name, line, "name");
    text(at->bus, sizeof at->bus, line, "bus");
  } else if (sscanf(line, "process %d %u", &gpu, &pid) == 2 && processCount < 512) {
    Process *one = &processes[processCount++];
    *one = (Process){.gpu = gpu, .pid = pid, .kind = "compute", .sm = (int)number(line, "sm", 0)};
    one->memory = number(line, "memory", 0);
    one->before = (int)number(line, "before", 0);
    one->instance = (unsigned)number(line, "instance", NONE);
    text(one->kind, sizeof one->kind, line, "kind");
    one->ghost = (int)number(line, "ghost", 0);
  } else if (strncmp(line, "instance ", 9) == 0 && instanceCount < MOST) {
    Instance *one = &instances[instanceCount++];
    sscanf(line, "instance %d %u %95s %lld %lld", &one->gpu, &one->number, one->uuid, &one->total, &one->used);
  } else if (sscanf(line, "garbage %d %d", &gpu, &count) == 2 && (at = gpuAt(gpu))) {
    at->garbage = count;
  } else if (strncmp(line, "fail ", 5) == 0) {
    fault(line, atoi(strrchr(line, ' ')), 0, 0);
  } else if (strncmp(line, "delay ", 6) == 0) {
    fault(line, -1, atoi(strrchr(line, ' ')), 0);
  } else if (strncmp(line, "hang ", 5) == 0) {
    fault(line, -1, 0, 1);
  }
}

static void look(void) {
  const char *path = getenv("FAKE_NVML_FILE");
  struct stat found;
  if (!path || stat(path, &found) != 0) return;
  if (found.st_ino == inode && memcmp(&found.st_mtim, &stamp, sizeof stamp) == 0) return;
  FILE *file = fopen(path, "r");
  if (!file) return;
  inode = found.st_ino;
  stamp = found.st_mtim;
  gpuCount = processCount = instanceCount = faultCount = 0;
  char line[512];
  while (fgets(line, sizeof line, file)) take(line);
  fclose(file);
}

/* What the control file has in store for this call: a code, or -1 for an honest answer. */
static int fate(const char *call, int gpu) {
  look();
  int code = -1;
  for (int i = 0; i < faultCount; i++) {
    const Fault *one = &faults[i];
    int every = strcmp(one->call, "*") == 0 && gpu >= 0;
    if (!every && strcmp(one->call, call) != 0) continue;
    if (one->gpu >= 0 && one->gpu != gpu) continue;
    while (one->hang) pause();
    if (one->delay > 0) usleep((useconds_t)one->delay * 1000);
    if (one->code >= 0) code = one->code;
  }
  return code;
}

/* Handles: a GPU is its index + 1; an instance is 1000 + its place in the list. */
typedef uintptr_t Device;
static int indexOf(Device device) {
  look();
  if (device >= 1000) return device - 1000 < (Device)instanceCount ? instances[device - 1000].gpu : -1;
  return (int)device - 1;
}

#define BEGIN(call, gpu)                        \
  int fated = fate(#call, gpu);                 \
  if (!initialized) return UNINITIALIZED;       \
  if (fated >= 0) return fated;

#define ON_DEVICE(call)                                        \
  int index = indexOf(device);                                 \
  BEGIN(call, index)                                           \
  if (index < 0 || index >= gpuCount) return INVALID_ARGUMENT; \
  Gpu *gpu = &gpus[index];                                     \
  (void)gpu;

nvmlReturn_t nvmlInitWithFlags(unsigned flags) {
  (void)flags;
  int fated = fate("nvmlInitWithFlags", -1);
  if (fated >= 0) return fated;
  initialized = 1;
  return OK;
}
nvmlReturn_t nvmlInit_v2(void) { return nvmlInitWithFlags(0); }
nvmlReturn_t nvmlShutdown(void) { initialized = 0; return OK; }
const char *nvmlErrorString(int code) { (void)code; return "fake error"; }

static nvmlReturn_t say(char *into, unsigned size, const char *text) {
  if (strlen(text) + 1 > size) return INSUFFICIENT_SIZE;
  strcpy(into, text);
  return OK;
}

nvmlReturn_t nvmlSystemGetDriverVersion(char *into, unsigned size) {
  BEGIN(nvmlSystemGetDriverVersion, -1)
  return say(into, size, driver);
}
nvmlReturn_t nvmlDeviceGetCount_v2(unsigned *count) {
  BEGIN(nvmlDeviceGetCount_v2, -1)
  *count = (unsigned)gpuCount;
  return OK;
}
nvmlReturn_t nvmlDeviceGetHandleByIndex_v2(unsigned index, Device *device) {
  BEGIN(nvmlDeviceGetHandleByIndex_v2, (int)index)
  if ((int)index >= gpuCount) return INVALID_ARGUMENT;
  *device = index + 1;
  return OK;
}
nvmlReturn_t nvmlDeviceGetName(Device device, char *into, unsigned size) {
  ON_DEVICE(nvmlDeviceGetName)
  return say(into, size, gpu->name);
}
nvmlReturn_t nvmlDeviceGetUUID(Device device, char *into, unsigned size) {
  ON_DEVICE(nvmlDeviceGetUUID)
  return say(into, size, device >= 1000 ? instances[device - 1000].uuid : gpu->uuid);
}
nvmlReturn_t nvmlDeviceGetPciInfo_v3(Device device, char *into) {
  ON_DEVICE(nvmlDeviceGetPciInfo_v3)
  memset(into, 0, 68);
  snprintf(into + 36, 32, "%s", gpu->bus);
  return OK;
}
nvmlReturn_t nvmlDeviceGetUtilizationRates(Device device, unsigned *rates) {
  ON_DEVICE(nvmlDeviceGetUtilizationRates)
  if (gpu->mig) return NOT_SUPPORTED;
  rates[0] = (unsigned)gpu->util;
  rates[1] = 0;
  return OK;
}

static long long totalOf(Device device, Gpu *gpu) { return device >= 1000 ? instances[device - 1000].total : gpu->total; }
static long long usedOf(Device device, Gpu *gpu) {
  if (device >= 1000) return instances[device - 1000].used;
  long long used = gpu->used;
  for (int i = 0; i < processCount; i++)
    if (&gpus[processes[i].gpu] == gpu && processes[i].memory > 0 && isMoved(&processes[i])) used -= processes[i].memory;
  return used;
}

static uint64_t bytesOf(long long mib) { return mib < 0 ? ~0ull : (uint64_t)mib * MIB; }
static uint64_t freeOf(Device device, Gpu *gpu) {
  return bytesOf(gpu->free == REST ? totalOf(device, gpu) - gpu->reserved - usedOf(device, gpu) : gpu->free);
}

nvmlReturn_t nvmlDeviceGetMemoryInfo(Device device, uint64_t *memory) {
  ON_DEVICE(nvmlDeviceGetMemoryInfo)
  memory[0] = bytesOf(totalOf(device, gpu));
  memory[1] = freeOf(device, gpu);
  memory[2] = usedOf(device, gpu) < 0 ? ~0ull : bytesOf(usedOf(device, gpu) + gpu->reserved);
  return OK;
}
#ifndef WITHOUT_V3
nvmlReturn_t nvmlDeviceGetMemoryInfo_v2(Device device, char *memory) {
  ON_DEVICE(nvmlDeviceGetMemoryInfo_v2)
  if (*(uint32_t *)memory != 0x02000028) return VERSION_MISMATCH;
  uint64_t *field = (uint64_t *)(memory + 8);
  field[0] = bytesOf(totalOf(device, gpu));
  field[1] = bytesOf(gpu->reserved);
  field[2] = freeOf(device, gpu);
  field[3] = bytesOf(usedOf(device, gpu));
  return OK;
}
#endif
nvmlReturn_t nvmlDeviceGetTemperature(Device device, unsigned sensor, unsigned *celsius) {
  ON_DEVICE(nvmlDeviceGetTemperature)
  if (sensor != 0) return INVALID_ARGUMENT;
  *celsius = (unsigned)gpu->temp;
  return OK;
}
nvmlReturn_t nvmlDeviceGetTemperatureV(Device device, uint32_t *temperature) {
  ON_DEVICE(nvmlDeviceGetTemperatureV)
  if (temperature[0] != 0x0100000C) return VERSION_MISMATCH;
  temperature[2] = (uint32_t)gpu->temp;
  return OK;
}
nvmlReturn_t nvmlDeviceGetPowerUsage(Device device, unsigned *power) {
  ON_DEVICE(nvmlDeviceGetPowerUsage)
  *power = (unsigned)gpu->power;
  return OK;
}
nvmlReturn_t nvmlDeviceGetEnforcedPowerLimit(Device device, unsigned *limit) {
  ON_DEVICE(nvmlDeviceGetEnforcedPowerLimit)
  *limit = (unsigned)gpu->limit;
  return OK;
}
#ifdef WITHOUT_V3
nvmlReturn_t nvmlDeviceGetCurrentClocksThrottleReasons(Device device, uint64_t *reasons) {
#else
nvmlReturn_t nvmlDeviceGetCurrentClocksEventReasons(Device device, uint64_t *reasons) {
#endif
  ON_DEVICE(nvmlDeviceGetCurrentClocksEventReasons)
  *reasons = gpu->throttle;
  return OK;
}
nvmlReturn_t nvmlDeviceGetMigMode(Device device, unsigned *current, unsigned *pending) {
  ON_DEVICE(nvmlDeviceGetMigMode)
  *current = *pending = (unsigned)gpu->mig;
  return OK;
}
nvmlReturn_t nvmlDeviceGetMaxMigDeviceCount(Device device, unsigned *count) {
  ON_DEVICE(nvmlDeviceGetMaxMigDeviceCount)
  *count = gpu->mig ? 7 : 0;
  return OK;
}
nvmlReturn_t nvmlDeviceGetMigDeviceHandleByIndex(Device device, unsigned place, Device *instance) {
  ON_DEVICE(nvmlDeviceGetMigDeviceHandleByIndex)
  unsigned seen = 0;
  for (int i = 0; i < instanceCount; i++) {
    if (instances[i].gpu != index || seen++ != place) continue;
    *instance = 1000 + (Device)i;
    return OK;
  }
  return NOT_FOUND;
}

static nvmlReturn_t list(int gpu, const char *kind, unsigned *count, char *into, size_t stride) {
  unsigned found = 0, room = into ? *count : 0;
  for (int i = 0; i < processCount; i++)
    if (processes[i].gpu == gpu && strcmp(processes[i].kind, kind) == 0 && !hasGone(&processes[i]) &&
        !isMoved(&processes[i]))
      found++;
  *count = found;
  if (found > room) return INSUFFICIENT_SIZE;
  for (int i = 0; i < processCount; i++) {
    const Process *one = &processes[i];
    if (one->gpu != gpu || strcmp(one->kind, kind) != 0 || hasGone(one) || isMoved(one)) continue;
    memset(into, 0, stride);
    *(uint32_t *)into = one->pid;
    *(uint64_t *)(into + 8) = one->memory < 0 ? ~0ull : (uint64_t)one->memory * MIB;
    if (stride >= 24) {
      *(uint32_t *)(into + 16) = one->instance;
      *(uint32_t *)(into + 20) = one->instance == NONE ? NONE : 0;
    }
    into += stride;
  }
  return OK;
}

#ifdef STRIDE_32
#define STRIDE 32
/* Its presence, without the detail list, is how such a driver is known. */
nvmlReturn_t nvmlDeviceGetConfComputeMemSizeInfo(Device device, void *info) { (void)device; (void)info; return NOT_SUPPORTED; }
#else
#define STRIDE 24
#ifndef WITHOUT_V3
nvmlReturn_t nvmlDeviceGetConfComputeMemSizeInfo(Device device, void *info) { (void)device; (void)info; return NOT_SUPPORTED; }
nvmlReturn_t nvmlDeviceGetRunningProcessDetailList(Device device, void *list) { (void)device; (void)list; return NOT_SUPPORTED; }
#endif
#endif

#define LIST(call, kind, stride)                                               \
  nvmlReturn_t call(Device device, unsigned *count, char *into) {              \
    ON_DEVICE(call)                                                            \
    return list(index, kind, count, into, stride);                             \
  }
#ifdef WITHOUT_V3
LIST(nvmlDeviceGetComputeRunningProcesses, "compute", 16)
LIST(nvmlDeviceGetGraphicsRunningProcesses, "graphics", 16)
LIST(nvmlDeviceGetComputeRunningProcesses_v2, "compute", 24)
LIST(nvmlDeviceGetGraphicsRunningProcesses_v2, "graphics", 24)
#else
LIST(nvmlDeviceGetComputeRunningProcesses_v3, "compute", STRIDE)
LIST(nvmlDeviceGetGraphicsRunningProcesses_v3, "graphics", STRIDE)
LIST(nvmlDeviceGetMPSComputeRunningProcesses_v3, "mps", STRIDE)
#endif

typedef struct { uint32_t pid, pad; uint64_t at; uint32_t sm, mem, enc, dec; } Sample;

nvmlReturn_t nvmlDeviceGetProcessUtilization(Device device, Sample *into, unsigned *count, uint64_t lastSeen) {
  ON_DEVICE(nvmlDeviceGetProcessUtilization)
  if (gpu->mig) return NOT_SUPPORTED;
  if (!into) { *count = 100; return INSUFFICIENT_SIZE; }
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  uint64_t period = 50000, micros = (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
  uint64_t at = micros / period * period;
  unsigned found = 0, room = *count;
  for (int i = 0; i < gpu->garbage && found < room; i++)
    into[found++] = (Sample){.pid = 3000000u + (unsigned)i,
                             .at = i % 3 == 2 ? ~0ull >> 1 : i % 3 ? at : 0,
                             .sm = i % 3 == 2 ? 40u : 100u + (unsigned)i * 7};
  /* A driver keeps samples for a while: the first question also gets those of processes that are idle by now. */
  for (int i = 0; lastSeen == 0 && i < processCount && found < room; i++)
    if (processes[i].gpu == index && processes[i].before > 0)
      into[found++] = (Sample){.pid = processes[i].pid, .at = at - 20 * period, .sm = (uint32_t)processes[i].before};
  if (at > lastSeen)
    for (int i = 0; i < processCount; i++) {
      if (processes[i].gpu != index || processes[i].sm == 0) continue;
      if (found >= room) return INSUFFICIENT_SIZE;
      into[found++] = (Sample){.pid = processes[i].pid, .at = at, .sm = (uint32_t)processes[i].sm};
    }
  *count = found;
  return found == 0 ? NOT_FOUND : OK;
}
