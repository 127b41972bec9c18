/* The listening socket. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "http.h"

enum { BACKLOG = 1024 };

static int bound_port(int fd)
{
    struct sockaddr_storage address;
    socklen_t length = sizeof address;
    char digits[8];
    int port = -1;
    if (getsockname(fd, (struct sockaddr *)&address, &length) != 0 ||
        getnameinfo((struct sockaddr *)&address, length, NULL, 0, digits, sizeof digits, NI_NUMERICSERV) != 0 ||
        sscanf(digits, "%d", &port) != 1)
        return -1;
    return port;
}

static int open_socket(const struct addrinfo *where)
{
    const int on = 1;
    const int fd = socket(where->ai_family, where->ai_socktype, where->ai_protocol);
    if (fd < 0)
        return -1;
    /* Threads of the pool race for connections: who comes too late must not wait. */
    if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) == 0 &&
        bind(fd, where->ai_addr, where->ai_addrlen) == 0 && listen(fd, BACKLOG) == 0 &&
        fcntl(fd, F_SETFL, O_NONBLOCK) == 0 && fcntl(fd, F_SETFD, FD_CLOEXEC) == 0)
        return fd;
    const int reason = errno;
    close(fd);
    errno = reason;
    return -1;
}

int http_listen(const char *address, int port, int *real_port)
{
    char digits[16];
    snprintf(digits, sizeof digits, "%d", port);
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM,
                                   .ai_flags = AI_PASSIVE | AI_NUMERICHOST | AI_NUMERICSERV};
    struct addrinfo *where = NULL;
    const int failure = getaddrinfo(address, digits, &hints, &where);
    if (failure != 0) {
        fprintf(stderr, "lfm-service: cannot listen on %s: %s\n", address, gai_strerror(failure));
        return -1;
    }
    const int fd = open_socket(where);
    freeaddrinfo(where);
    if (fd < 0)
        fprintf(stderr, "lfm-service: cannot listen on %s, port %d: %s\n", address, port, strerror(errno));
    else
        *real_port = bound_port(fd);
    return fd;
}
