/* RTP both ways through whatever stands between: load, loss meter, delay meter. Loopback only.
 *
 *   rtpload SECONDS WARMUP PTIME_MS DROP_EVERY < map
 *
 * A line of the map is one socket: `near|far CALL OUR_PORT SERVER_PORT`. Each sends a G.711 packet every PTIME_MS, spread
 * evenly over the period. The payload names call, side and moment of sending; the receiver reads the kernel's stamp of
 * arrival (SO_TIMESTAMPNS), so a late wake-up of this meter does not count as delay of the server.
 * DROP_EVERY n keeps each n-th counted packet back and still counts it as sent: what a loss meter must then find.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

enum { MOST = 8192, TICK_US = 250, SLOTS_MOST = 400, BINS = 250000, MARK = 0x67726e65 };

struct tag {
    uint32_t mark, call;
    uint8_t far, counted, spare[6];
    uint64_t sent_ns;
};

struct port {
    int fd, far, next;
    uint32_t call, packets;
    struct sockaddr_in to;
};

static struct port ports[MOST];
static int slots[SLOTS_MOST];
static uint32_t histogram[2][BINS];
static uint64_t sent[2], received[2], held_back, strange, late;

static uint64_t clock_ns(void) {
    struct timespec t;
    clock_gettime(CLOCK_REALTIME, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static void put32(unsigned char *at, uint32_t value) {
    value = htonl(value);
    memcpy(at, &value, 4);
}

static void send_packet(struct port *p, int counted, int octets, unsigned drop_every) {
    static uint64_t counter;
    unsigned char b[12 + 480];
    uint32_t n = p->packets++;
    b[0] = 0x80;
    b[1] = n == 0 ? 0x80 : 0;
    b[2] = (unsigned char)(n >> 8);
    b[3] = (unsigned char)n;
    put32(b + 4, n * (uint32_t)octets);
    put32(b + 8, 0x42000000u + p->call * 2 + (uint32_t)p->far);
    memset(b + 12, 0xff, (size_t)octets);
    if (counted) sent[p->far]++;
    if (counted && drop_every && ++counter % drop_every == 0) {
        held_back++;
        return;
    }
    struct tag tag = {.mark = MARK, .call = p->call, .far = (uint8_t)p->far, .counted = (uint8_t)counted, .sent_ns = clock_ns()};
    memcpy(b + 12, &tag, sizeof tag);
    (void)!sendto(p->fd, b, 12 + (size_t)octets, 0, (struct sockaddr *)&p->to, sizeof p->to);
}

static void receive_all(struct port *p) {
    unsigned char b[2048];
    char control[128];
    struct iovec v = {b, sizeof b};
    for (;;) {
        struct msghdr m = {.msg_iov = &v, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};
        ssize_t n = recvmsg(p->fd, &m, MSG_DONTWAIT);
        if (n < 0) return;
        struct tag tag;
        if (n >= (ssize_t)(12 + sizeof tag)) memcpy(&tag, b + 12, sizeof tag);
        if (n < (ssize_t)(12 + sizeof tag) || tag.mark != MARK || tag.call != p->call || tag.far == p->far) {
            strange++;
            continue;
        }
        if (!tag.counted) continue;
        uint64_t at = 0;
        for (struct cmsghdr *c = CMSG_FIRSTHDR(&m); c; c = CMSG_NXTHDR(&m, c)) {
            struct timespec t;
            if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_TIMESTAMPNS) continue;
            memcpy(&t, CMSG_DATA(c), sizeof t);
            at = (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
        }
        uint64_t us = at > tag.sent_ns ? (at - tag.sent_ns) / 1000 : 0;
        histogram[tag.far][us < BINS ? us : BINS - 1]++;
        received[tag.far]++;
    }
}

static unsigned percentile(const uint32_t *h, double percent) {
    uint64_t all = 0, passed = 0;
    for (int i = 0; i < BINS; i++) all += h[i];
    for (unsigned i = 0; i < BINS; i++)
        if ((passed += h[i]) > 0 && (double)passed >= (double)all * percent / 100) return i;
    return 0;
}

static void report(int side) {
    printf("\"%s\":{\"sent\":%llu,\"received\":%llu,\"lost\":%lld,\"p50\":%u,\"p99\":%u,\"p999\":%u,\"max\":%u}", side ? "fromFar" : "fromNear",
           (unsigned long long)sent[side], (unsigned long long)received[side], (long long)(sent[side] - received[side]),
           percentile(histogram[side], 50), percentile(histogram[side], 99), percentile(histogram[side], 99.9), percentile(histogram[side], 100));
}

int main(int argc, char **argv) {
    if (argc != 5) return 2;
    double seconds = atof(argv[1]), warm = atof(argv[2]);
    int ptime = atoi(argv[3]), slot_count = ptime * 1000 / TICK_US, octets = ptime * 8, count = 0;
    unsigned drop_every = (unsigned)atoi(argv[4]);
    if (seconds <= 0 || seconds + warm > 120 || ptime < 5 || ptime > 60 || slot_count > SLOTS_MOST) return 2;
    int poll = epoll_create1(0), timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK), on = 1, room = 1 << 20;
    char side[8];
    int call, here, there;
    for (int i = 0; i < slot_count; i++) slots[i] = -1;
    while (count < MOST && scanf("%7s %d %d %d", side, &call, &here, &there) == 4) {
        struct port *p = &ports[count];
        struct sockaddr_in own = {.sin_family = AF_INET, .sin_port = htons((uint16_t)here), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
        *p = (struct port){.fd = socket(AF_INET, SOCK_DGRAM, 0), .far = side[0] == 'f', .call = (uint32_t)call, .to = own};
        p->to.sin_port = htons((uint16_t)there);
        setsockopt(p->fd, SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof on);
        setsockopt(p->fd, SOL_SOCKET, SO_RCVBUF, &room, sizeof room);
        if (bind(p->fd, (struct sockaddr *)&own, sizeof own)) {
            perror("bind");
            return 1;
        }
        /* Consecutive calls lie far apart in the period; the two sides of one, half of it. */
        int slot = (call * 7 + (p->far ? slot_count / 2 : 0)) % slot_count;
        p->next = slots[slot];
        slots[slot] = count;
        struct epoll_event e = {.events = EPOLLIN, .data.u32 = (uint32_t)count++};
        epoll_ctl(poll, EPOLL_CTL_ADD, p->fd, &e);
    }
    if (count == 0) return 2;
    struct epoll_event e = {.events = EPOLLIN, .data.u32 = MOST}, ready[256];
    epoll_ctl(poll, EPOLL_CTL_ADD, timer, &e);
    struct itimerspec period = {{0, TICK_US * 1000}, {0, TICK_US * 1000}};
    timerfd_settime(timer, 0, &period, 0);
    uint64_t tick = 0, from = (uint64_t)(warm * 1e6 / TICK_US), stop = from + (uint64_t)(seconds * 1e6 / TICK_US), end = stop + 1600;
    while (tick < end) {
        int n = epoll_wait(poll, ready, 256, 100);
        for (int i = 0; i < n; i++) {
            if (ready[i].data.u32 != MOST) {
                receive_all(&ports[ready[i].data.u32]);
                continue;
            }
            uint64_t passed = 0;
            if (read(timer, &passed, sizeof passed) != sizeof passed) continue;
            if (passed > 8) late++;
            for (; passed > 0; passed--, tick++) {
                if (tick == from) fputs("measuring\n", stderr);
                if (tick == stop) fputs("stopped\n", stderr);
                if (tick >= stop) continue;
                for (int p = slots[tick % (uint64_t)slot_count]; p >= 0; p = ports[p].next) send_packet(&ports[p], tick >= from, octets, drop_every);
            }
        }
    }
    printf("{\"sockets\":%d,\"heldBack\":%llu,\"strange\":%llu,\"lateTicks\":%llu,", count, (unsigned long long)held_back, (unsigned long long)strange, (unsigned long long)late);
    report(0);
    printf(",");
    report(1);
    printf("}\n");
    return 0;
}
