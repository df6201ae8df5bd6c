#include <sys/stat.h>

#include <cerrno>

#include "files.h"
#include "values.h"

namespace gatehouse::config {
namespace {

constexpr std::size_t kMaxSecret = 64 * 1024;

Result<Secret> from_file(const std::string& path) {
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0) return system_error("secret-unreadable", "cannot read " + path, errno);
  if (S_ISREG(status.st_mode) && (status.st_mode & S_IROTH) != 0)
    return Error{"secret-exposed", "everybody may read " + path, "chmod o-r " + path};
  auto text = read_text(path, kMaxSecret);
  if (!text) return make_error("secret-unreadable", text.error().message);
  if (text->ends_with('\n')) text->pop_back();
  if (text->ends_with('\r')) text->pop_back();
  if (text->empty()) return make_error("secret-empty", path + " is empty");
  return Secret(std::move(*text));
}

Result<Secret> from_variable(const Context& context, const std::string& name) {
  for (const Environment* tier : {&context.options.environment, static_cast<const Environment*>(&context.dotenv)})
    if (const auto found = tier->find(name); found != tier->end())
      return found->second.empty() ? Result<Secret>(make_error("secret-empty", "the variable " + name + " is empty"))
                                   : Result<Secret>(Secret(found->second));
  return make_error("unset-variable", "the variable " + name + " is not set");
}

Result<Secret> from_credential(const Context& context, const std::string& name) {
  const auto directory = context.options.environment.find("CREDENTIALS_DIRECTORY");
  if (directory == context.options.environment.end() || directory->second.empty())
    return Error{"secret-unreadable", "there are no credentials: CREDENTIALS_DIRECTORY is not set",
                 "LoadCredential=" + name + ":… in the systemd unit"};
  if (name.empty() || name.find('/') != std::string::npos || name == "..")
    return make_error("bad-value", "'" + name + "' is not the name of a credential");
  return from_file(directory->second + "/" + name);
}

}  // namespace

bool is_secret_reference(std::string_view text) {
  for (const std::string_view scheme : {"file:", "env:", "credential:", "vault:", "aws-sm:"})
    if (text.starts_with(scheme)) return true;
  return false;
}

Result<Secret> resolve_secret(const Context& context, std::string_view reference, const std::string& directory) {
  if (reference.empty()) return Secret();
  const std::size_t colon = reference.find(':');
  const std::string name(colon == std::string_view::npos ? "" : reference.substr(colon + 1));
  if (reference.starts_with("file:")) return from_file(absolute_path(name, directory));
  if (reference.starts_with("env:")) return from_variable(context, name);
  if (reference.starts_with("credential:")) return from_credential(context, name);
  if (is_secret_reference(reference))
    return make_error("not-available", std::string(reference.substr(0, colon + 1)) + " is not available in this version");
  if (context.development) return Secret(std::string(reference));
  return Error{"literal-secret", "a secret must not stand here: a reference is expected",
               "file:/path, env:NAME or credential:NAME"};
}

}  // namespace gatehouse::config
