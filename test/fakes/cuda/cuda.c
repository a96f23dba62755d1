/*
 * A libcuda.so.1 for tests: the calls that move a program's VRAM into host memory, over the programs that the fake
 * NVML lists. Both read the control file named by FAKE_NVML_FILE; what state a program is in lies in the folder
 * named by FAKE_CUDA_STATES, one file for each pid, so that every process that loads this sees the same, and the
 * fake NVML stops listing what was moved. Keeps to what was reported of the real one: a call on a stopped program
 * hangs until it continues; a restore without room gives 2, then 304 for ever; a wrong state gives 401; a program
 * without CUDA gives 3.
 *
 * Lines of the control file:
 *   cuda version NUMBER           what cuDriverGetVersion tells; 13000 stands for driver 580
 *   cuda fail CALL CODE           CALL is one of state, lock, checkpoint, restore, unlock
 *   cuda ruin CALL CODE           the same, and the program's state is FAILED from then on
 *   cuda delay CALL MS            before it does anything
 *   cuda linger CALL MS           after it has done everything
 *   cuda hang CALL
 *   cuda note FILE                every call is written there: its name, the pid, the result
 * Built with -DWITHOUT_CHECKPOINT it is a driver that lacks the calls.
 */
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#define OK 0
#define INVALID_VALUE 1
#define OUT_OF_MEMORY 2
#define NOT_INITIALIZED 3
#define OPERATING_SYSTEM 304
#define ILLEGAL_STATE 401
enum { RUNNING, LOCKED, CHECKPOINTED, FAILED };

typedef int CUresult;
static int initialized;

/* Calls `take` for every line of the control file. */
static void lines(void (*take)(const char *line, void *into), void *into) {
  const char *path = getenv("FAKE_NVML_FILE");
  FILE *file = path ? fopen(path, "r") : NULL;
  char line[512];
  while (file && fgets(line, sizeof line, file)) take(line, into);
  if (file) fclose(file);
}

static long long number(const char *line, const char *key, long long otherwise) {
  char pattern[40];
  snprintf(pattern, sizeof pattern, " %s=", key);
  const char *at = strstr(line, pattern);
  return at ? atoll(at + strlen(pattern)) : otherwise;
}

typedef struct { const char *call; int code, ruin, delay, linger, hang; } Fate;

static void takeFate(const char *line, void *into) {
  Fate *fate = into;
  char what[16], call[32];
  int value = 0;
  if (sscanf(line, "cuda %15s %31s %d", what, call, &value) < 2 || strcmp(call, fate->call) != 0) return;
  if (strcmp(what, "fail") == 0) fate->code = value;
  if (strcmp(what, "ruin") == 0) fate->code = value, fate->ruin = 1;
  if (strcmp(what, "delay") == 0) fate->delay = value;
  if (strcmp(what, "linger") == 0) fate->linger = value;
  if (strcmp(what, "hang") == 0) fate->hang = 1;
}

static void takeNote(const char *line, void *into) { sscanf(line, "cuda note %511s", (char *)into); }

static void note(const char *call, int pid, int code) {
  char path[512] = "", text[96];
  lines(takeNote, path);
  if (!path[0]) return;
  int file = open(path, O_WRONLY | O_APPEND | O_CREAT, 0600);
  int length = snprintf(text, sizeof text, "%s %d %d\n", call, pid, code);
  if (file >= 0 && write(file, text, (size_t)length) >= 0) close(file);
}

/* The state file of a pid: "STATE RUINED", locked for the length of a change. */
static int stateFile(int pid, int flags) {
  char path[512];
  snprintf(path, sizeof path, "%s/%d", getenv("FAKE_CUDA_STATES") ? getenv("FAKE_CUDA_STATES") : "/nonexistent", pid);
  return open(path, flags, 0600);
}

static int readState(int pid, int *ruined) {
  char text[16] = "";
  int state = RUNNING, file = stateFile(pid, O_RDONLY);
  *ruined = 0;
  if (file < 0) return RUNNING;
  if (read(file, text, sizeof text - 1) > 0) sscanf(text, "%d %d", &state, ruined);
  close(file);
  return state;
}

static void writeState(int pid, int state, int ruined) {
  char text[16];
  int file = stateFile(pid, O_WRONLY | O_CREAT);
  if (file < 0) return;
  snprintf(text, sizeof text, "%d %d\n", state, ruined);
  if (pwrite(file, text, 4, 0) < 0) abort();
  close(file);
}

typedef struct { int pid, gpu; long long memory; } Program;
static void takeProgram(const char *line, void *into) {
  Program *one = into;
  int gpu = 0, pid = 0;
  if (sscanf(line, "process %d %d", &gpu, &pid) != 2 || pid != one->pid) return;
  one->gpu = gpu;
  one->memory = number(line, "memory", 0);
}

typedef struct { int gpu; long long free; } Room;
static void takeRoom(const char *line, void *into) {
  Room *room = into;
  int gpu = 0, pid = 0, ruined = 0;
  if (sscanf(line, "gpu %d", &gpu) == 1 && gpu == room->gpu)
    room->free += number(line, "total", 24576) - number(line, "reserved", 400) - number(line, "used", 0);
  if (sscanf(line, "process %d %d", &gpu, &pid) == 2 && gpu == room->gpu && readState(pid, &ruined) == CHECKPOINTED)
    room->free += number(line, "memory", 0);
}

static void waitWhileStopped(int pid) {
  for (;;) {
    char path[32], state = 'X';
    snprintf(path, sizeof path, "/proc/%d/stat", pid);
    FILE *file = fopen(path, "r");
    if (file && fscanf(file, "%*d (%*[^)]) %c", &state) != 1) state = 'X';
    if (file) fclose(file);
    if (state != 'T' && state != 't') return;
    usleep(5000);
  }
}

static CUresult isProgram(int pid, Program *program) {
  *program = (Program){.pid = pid, .gpu = -1};
  lines(takeProgram, program);
  if (program->gpu >= 0) return OK;
  int file = stateFile(pid, O_RDONLY);
  if (file < 0) return NOT_INITIALIZED;
  close(file);
  return OK;
}

/* One change of state, from `from` to `to`. */
static CUresult change(const char *call, int pid, int from, int to) {
  Fate fate = {.call = call, .code = -1};
  Program program;
  lines(takeFate, &fate);
  while (fate.hang) pause();
  usleep((useconds_t)fate.delay * 1000);
  CUresult code = isProgram(pid, &program);
  if (code != OK) return note(call, pid, code), code;
  waitWhileStopped(pid);
  int ruined, state = readState(pid, &ruined);
  if (ruined && to == LOCKED && from == CHECKPOINTED) code = OPERATING_SYSTEM;
  else if (state != from) code = ILLEGAL_STATE;
  else if (fate.code >= 0) {
    code = fate.code;
    if (fate.ruin) writeState(pid, FAILED, 0);
  } else if (from == CHECKPOINTED) {
    Room room = {.gpu = program.gpu};
    lines(takeRoom, &room);
    /* It is in there itself, as it was moved. */
    if (program.gpu >= 0 && room.free < program.memory) {
      code = OUT_OF_MEMORY;
      writeState(pid, CHECKPOINTED, 1);
    } else writeState(pid, to, 0);
  } else writeState(pid, to, 0);
  note(call, pid, code);
  usleep((useconds_t)fate.linger * 1000);
  return code;
}

static void takeVersion(const char *line, void *into) { sscanf(line, "cuda version %d", (int *)into); }

CUresult cuInit(unsigned flags) { (void)flags; initialized = 1; return OK; }
CUresult cuDriverGetVersion(int *version) {
  *version = 13000;
  lines(takeVersion, version);
  return OK;
}
CUresult cuGetErrorName(int code, const char **name) {
  *name = code == OUT_OF_MEMORY ? "CUDA_ERROR_OUT_OF_MEMORY" : code == OPERATING_SYSTEM ? "CUDA_ERROR_OPERATING_SYSTEM"
        : code == ILLEGAL_STATE ? "CUDA_ERROR_ILLEGAL_STATE" : code == NOT_INITIALIZED ? "CUDA_ERROR_NOT_INITIALIZED"
        : "CUDA_ERROR_OF_THE_FAKE";
  return OK;
}

#ifndef WITHOUT_CHECKPOINT
CUresult cuCheckpointProcessGetState(int pid, int *state) {
  Fate fate = {.call = "state", .code = -1};
  Program program;
  int ruined;
  lines(takeFate, &fate);
  while (fate.hang) pause();
  usleep((useconds_t)fate.delay * 1000);
  CUresult code = isProgram(pid, &program);
  if (code != OK) return code;
  waitWhileStopped(pid);
  if (fate.code >= 0) return fate.code;
  *state = readState(pid, &ruined);
  return OK;
}
CUresult cuCheckpointProcessLock(int pid, const void *args) {
  const uint64_t *words = args;
  for (int i = 1; args && i < 8; i++) if (words[i]) return INVALID_VALUE;
  return change("lock", pid, RUNNING, LOCKED);
}
CUresult cuCheckpointProcessCheckpoint(int pid, const void *args) {
  (void)args;
  return change("checkpoint", pid, LOCKED, CHECKPOINTED);
}
CUresult cuCheckpointProcessRestore(int pid, const void *args) {
  (void)args;
  if (!initialized) return NOT_INITIALIZED;
  return change("restore", pid, CHECKPOINTED, LOCKED);
}
CUresult cuCheckpointProcessUnlock(int pid, const void *args) {
  (void)args;
  return change("unlock", pid, LOCKED, RUNNING);
}
#endif

/* A program of its own: what it allocates isn't counted on any GPU. */
CUresult cuDeviceGet(int *device, int index) { *device = index; return initialized ? OK : NOT_INITIALIZED; }
CUresult cuDevicePrimaryCtxRetain(void **context, int device) {
  (void)device;
  *context = (void *)1;
  writeState((int)getpid(), RUNNING, 0);
  return OK;
}
CUresult cuCtxSetCurrent(void *context) { (void)context; return OK; }
CUresult cuMemAlloc_v2(uintptr_t *at, size_t bytes) { *at = (uintptr_t)calloc(1, bytes); return *at ? OK : OUT_OF_MEMORY; }
CUresult cuMemcpyHtoD_v2(uintptr_t to, const void *from, size_t bytes) { memcpy((void *)to, from, bytes); return OK; }
CUresult cuMemcpyDtoH_v2(void *to, uintptr_t from, size_t bytes) { memcpy(to, (void *)from, bytes); return OK; }
