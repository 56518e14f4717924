#pragma once
#include <libssh2.h>

// What the sessions' event loops wait on; Swift's Glibc module leaves these two headers out.
#include <sys/epoll.h>
#include <sys/eventfd.h>
