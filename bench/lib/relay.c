/* The floor of relayed RTP: what a relay in C costs that has a socket a leg and does nothing but pass on. Loopback only.
 *
 *   relay CALLS FIRST_PORT NEAR_PORT FAR_PORT GATHER_US
 *
 * Call n has FIRST_PORT + 4n (near side) and + 2 (far side); what comes to one leaves from the other, to NEAR_PORT + 2n or
 * FAR_PORT + 2n. Sleeps GATHER_US between looks, 0: never.
 */
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { MOST = 8192, EVENTS = 256 };

static int fds[MOST];
static struct sockaddr_in far_ends[MOST];

int main(int argc, char **argv) {
    if (argc != 6) return 2;
    int count = atoi(argv[1]) * 2, first = atoi(argv[2]), gather = atoi(argv[5]), poll = epoll_create1(0);
    if (count < 2 || count > MOST || gather < 0 || gather > 10000) return 2;
    for (int i = 0; i < count; i++) {
        struct sockaddr_in own = {.sin_family = AF_INET, .sin_port = htons((uint16_t)(first + 2 * i)), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
        far_ends[i] = own;
        far_ends[i].sin_port = htons((uint16_t)(atoi(argv[i % 2 ? 4 : 3]) + 2 * (i / 2)));
        fds[i] = socket(AF_INET, SOCK_DGRAM, 0);
        if (bind(fds[i], (struct sockaddr *)&own, sizeof own)) {
            perror("bind");
            return 1;
        }
        struct epoll_event e = {.events = EPOLLIN, .data.u32 = (uint32_t)i};
        epoll_ctl(poll, EPOLL_CTL_ADD, fds[i], &e);
    }
    puts("ready");
    fflush(stdout);
    for (;;) {
        struct epoll_event ready[EVENTS];
        unsigned char packet[2048];
        if (gather > 0) usleep((useconds_t)gather);
        int events = epoll_wait(poll, ready, EVENTS, -1);
        for (int i = 0; i < events; i++) {
            int socket = (int)ready[i].data.u32, other = socket ^ 1;
            struct sockaddr_in from;
            socklen_t size = sizeof from;
            ssize_t length = recvfrom(fds[socket], packet, sizeof packet, MSG_DONTWAIT, (struct sockaddr *)&from, &size);
            if (length < 12) continue;
            /* As much as Graine changes: another SSRC. */
            packet[11] ^= 0x55;
            (void)!sendto(fds[other], packet, (size_t)length, MSG_DONTWAIT, (struct sockaddr *)&far_ends[other], sizeof far_ends[other]);
        }
    }
}
