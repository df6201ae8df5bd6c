// Who listens on a port, as far as /proc tells this user. For error messages only.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>

namespace gatehouse::net {

std::string describe_port_owner(std::uint16_t port);  // "nginx (pid 812)", "a process of user 0", "another process"
std::string describe_process(pid_t pid);              // "nginx (pid 812)"

}  // namespace gatehouse::net
