/* Counts every few milliseconds: writes the number to the disk, waits until the disk has it, and prints it. What was
   printed may never be lost, whatever happens to the guest's host.

   usage: counter DEVICE BOOT MILLISECONDS
   Prints `ack COUNTER UPTIME.`, UPTIME in milliseconds; a line without its full stop was cut short. The disk holds the
   latest record at sector 114688 and a ring of the last 8192 behind it.

   Made by tcc with no C library: the guest has none that a compiler's output could count on. */

long sys(long number, long a, long b, long c, long d);
__asm__(
    ".globl sys\nsys:\n mov %rdi,%rax\n mov %rsi,%rdi\n mov %rdx,%rsi\n mov %rcx,%rdx\n mov %r8,%r10\n syscall\n ret\n"
    ".globl _start\n_start:\n mov %rsp,%rdi\n and $-16,%rsp\n call begin\n");

enum { WRITE = 1, OPEN = 2, PWRITE = 18, EXIT = 60, CLOCK_GETTIME = 228, CLOCK_NANOSLEEP = 230 };
enum { READ_WRITE = 02, DSYNC = 010000, DIRECT = 040000, SECTOR = 512, LATEST = 114688, RING = 8192 };

static char room[2 * SECTOR];
static char *record;

static long milliseconds(void) {
    long time[2];
    sys(CLOCK_GETTIME, 7, (long)time, 0, 0);    /* CLOCK_BOOTTIME */
    return time[0] * 1000 + time[1] / 1000000;
}

static char *text(char *at, const char *words) {
    while (*words) *at++ = *words++;
    return at;
}

static char *digits(char *at, long number) {
    char turned[20];
    int count = 0;
    do turned[count++] = '0' + number % 10; while (number /= 10);
    while (count) *at++ = turned[--count];
    return at;
}

static void say(const char *words, char *end) { sys(WRITE, 1, (long)words, end - words, 0); }

static void fail(const char *words) {
    char line[80], *end = text(line, "drover-guest: ");
    end = text(text(end, words), "\n");
    say(line, end);
    sys(EXIT, 1, 0, 0, 0);
}

/* The record, on the disk when this returns. The second of two is flushed, and the first with it. */
static void keep(long plain, long flushed, const char *boot, long counter, long now) {
    char *end = text(record, boot);
    end = digits(text(end, " "), counter);
    end = digits(text(end, " "), now / 1000);
    end = digits(text(end, now / 10 % 100 < 10 ? ".0" : "."), now / 10 % 100);
    while (end < record + SECTOR - 1) *end++ = ' ';
    *end = '\n';
    if (sys(PWRITE, plain, (long)record, SECTOR, (LATEST + 1 + counter % RING) * SECTOR) != SECTOR ||
        sys(PWRITE, flushed, (long)record, SECTOR, LATEST * SECTOR) != SECTOR)
        fail("the disk does not take a record");
}

void begin(long *stack) {
    char **words = (char **)(stack + 1), line[80], *end;
    long plain, flushed, counter = 0, every = 0, next, now, wish[2];
    const char *digit;
    if (stack[0] != 4) fail("usage: counter DEVICE BOOT MILLISECONDS");
    for (digit = words[3]; *digit >= '0' && *digit <= '9'; digit++) every = every * 10 + *digit - '0';
    record = (char *)(((long)room + SECTOR - 1) / SECTOR * SECTOR);
    plain = sys(OPEN, (long)words[1], READ_WRITE | DIRECT, 0, 0);
    flushed = sys(OPEN, (long)words[1], READ_WRITE | DIRECT | DSYNC, 0, 0);
    if (plain < 0 || flushed < 0 || every < 1) fail("there is nothing to count on");
    next = milliseconds();
    for (;;) {
        keep(plain, flushed, words[2], ++counter, now = milliseconds());
        end = digits(text(line, "ack "), counter);
        end = digits(text(end, " "), now);
        say(line, text(end, ".\n"));
        /* By the clock, not by the time that the work takes; what is long past is not made up for. */
        next += every;
        now = milliseconds();
        if (next < now) next = now;
        wish[0] = next / 1000;
        wish[1] = next % 1000 * 1000000;
        sys(CLOCK_NANOSLEEP, 7, 1, (long)wish, 0);
    }
}
