/* A service that says when its first instruction ran: appends "pid nanoseconds" (CLOCK_MONOTONIC) to a file, then waits. */
#include <fcntl.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

int main(int argc, char **argv) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  char line[64];
  int length = snprintf(line, sizeof line, "%d %lld\n", (int)getpid(), now.tv_sec * 1000000000LL + now.tv_nsec);
  int file = open(argc > 1 ? argv[1] : "started", O_WRONLY | O_CREAT | O_APPEND, 0644);
  if (file < 0 || write(file, line, length) != length) return 1;
  for (;;) pause();
}
