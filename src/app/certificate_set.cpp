#include "certificate_set.h"

#include <algorithm>

#include "gatehouse/base/log.h"
#include "gatehouse/base/timestamp.h"
#include "gatehouse/tls/self_signed.h"

namespace gatehouse::app {

namespace {

constexpr std::chrono::hours kRenewBefore{24 * 31};  // a day more than tls::ensure_self_signed() waits for

bool uses_files(const tls::CertificateSettings& settings) {
  return settings.mode != tls::CertificateMode::kSelfSigned && !settings.files.empty();
}

std::string date(runtime::WallTime time) { return rfc3339(time).substr(0, 10); }

Status read_self_signed(CertificateSource& source, const CertificateSet& set, const CertificateReader& reader) {
  auto made = tls::ensure_self_signed(reader.directory, set.settings.self_signed_names, reader.clock, reader.random);
  if (!made) return std::move(made).error();
  source.file = made->file;
  source.certificate = made->certificate;
  source.chain = FileStamp::of(source.file.chain);
  source.key = FileStamp::of(source.file.key);
  if (made->created)
    log::info("tls", "certificate.created", "made a self-signed certificate",
              {{"file", source.file.chain}, {"not_after", date(source.certificate->not_after())}});
  return {};
}

bool ends(const tls::Certificate& certificate, const CertificateReader& reader) {
  return certificate.not_after() - CertificateSet::kBeforeEnd <= reader.clock.wall();
}

Status read_issued(CertificateSource& source, const CertificateReader& reader) {
  auto issued = reader.issued.find(source.names);
  if (issued == nullptr) return make_error("certificate-awaited", "no certificate has been issued yet");
  if (ends(*issued, reader)) {
    source.unfit = std::move(issued);
    return make_error("certificate-expired", "the certificate was not renewed before it ended");
  }
  source.certificate = std::move(issued);
  return {};
}

// The stamps are taken first: a file that changes while it is read will be read again.
Status read_source(CertificateSource& source, const CertificateSet& set, const CertificateReader& reader) {
  if (source.kind == "self_signed") return read_self_signed(source, set, reader);
  if (source.kind == "acme") return read_issued(source, reader);
  source.chain = FileStamp::of(source.file.chain);
  source.key = FileStamp::of(source.file.key);
  auto certificate = tls::Certificate::load(source.file, reader.clock.wall());
  if (!certificate) return std::move(certificate).error();
  source.certificate = *std::move(certificate);
  return {};
}

// A certificate that cannot be served but can be named; null: the files are broken in another way.
std::shared_ptr<const tls::Certificate> load_unfit(const CertificateSource& source, const Error& error) {
  if (error.slug != "certificate-expired" && error.slug != "certificate-no-names") return nullptr;
  auto loaded = tls::Certificate::load(source.file, runtime::WallTime{}, tls::Role::kClient);
  return loaded ? *std::move(loaded) : nullptr;
}

std::shared_ptr<const tls::Certificate> still_good(const CertificateSource& source, const CertificateSet* before,
                                                   const CertificateReader& reader) {
  if (before == nullptr) return nullptr;
  for (const CertificateSource& old : before->sources) {
    const bool same = old.fit() && old.kind == source.kind && old.file.chain == source.file.chain && old.file.key == source.file.key;
    if (same && !ends(*old.certificate, reader)) return old.certificate;
  }
  return nullptr;
}

Status read_first(CertificateSource& source, const CertificateSet& set, const CertificateSet* before, const CertificateReader& reader) {
  Status read = read_source(source, set, reader);
  if (read) return read;
  if (source.kind != "acme") {
    source.unfit = load_unfit(source, read.error());
    if (source.unfit == nullptr) return read;
    source.certificate = still_good(source, before, reader);
    if (source.certificate != nullptr) source.unfit = nullptr;
  }
  source.refusal = read.error().message;
  source.stands_in = source.certificate == nullptr;
  return {};
}

bool has_name(const tls::Certificate& certificate, const std::string& name) {
  const std::size_t dot = name.find('.');
  const std::string wildcard = dot == std::string::npos ? std::string() : "*" + name.substr(dot);
  return std::any_of(certificate.names().begin(), certificate.names().end(),
                     [&](const std::string& one) { return one == name || (!wildcard.empty() && one == wildcard); });
}

// Those that no good certificate has: a certificate that stands in would win over it, being younger.
std::vector<std::string> orphaned_names(const CertificateSource& source, const CertificateSet& set) {
  std::vector<std::string> names = source.unfit ? source.unfit->names() : source.names;
  if (names.empty()) names = set.settings.self_signed_names;
  std::erase_if(names, [&](const std::string& name) {
    return std::any_of(set.sources.begin(), set.sources.end(),
                       [&](const CertificateSource& one) { return one.fit() && has_name(*one.certificate, name); });
  });
  return names;
}

void log_stand_in(const CertificateSource& source, const std::vector<std::string>& names) {
  const std::string name = names.empty() ? std::string() : names.front();
  if (source.unfit == nullptr)
    log::info("tls", "certificate.awaited", "clients get a self-signed certificate until one is issued", {{"name", name}});
  else
    log::error("tls", "certificate.replaced", "a certificate is not served; clients get a self-signed one for its names",
               {{"file", source.file.chain}, {"name", name}, {"error", source.refusal}});
}

Status stand_in(CertificateSource& source, const CertificateSet& set, const CertificateReader& reader) {
  const std::vector<std::string> names = orphaned_names(source, set);
  const runtime::WallTime now = reader.clock.wall();
  const auto& before = source.certificate;
  if (before && before != source.unfit && before->self_signed() && before->names() == names && before->not_after() - now > kRenewBefore) return {};
  log_stand_in(source, names);
  source.certificate = nullptr;
  if (names.empty()) return {};
  const auto pem = tls::make_self_signed(names, now, reader.random);
  if (!pem) return pem.error();
  auto made = tls::Certificate::parse(pem->chain, pem->key, now);
  if (!made) return std::move(made).error();
  source.certificate = *std::move(made);
  return {};
}

// After all of them were read.
Status fill_in(CertificateSet& set, const CertificateReader& reader) {
  for (CertificateSource& source : set.sources) {
    if (!source.stands_in) continue;
    if (Status made = stand_in(source, set, reader); !made) return made;
  }
  return {};
}

Status read_rule(ClientRule& rule) {
  rule.ca = FileStamp::of(rule.settings.ca);
  rule.crl = FileStamp::of(rule.settings.crl);
  auto auth = tls::ClientAuth::load(rule.settings);
  if (!auth) return std::move(auth).error();
  rule.auth = *std::move(auth);
  return {};
}

Status add_rule(CertificateSet& set, const tls::ClientAuthSettings& settings) {
  for (const ClientRule& rule : set.rules)
    if (rule.settings == settings) return {};
  ClientRule rule;
  rule.settings = settings;
  if (Status read = read_rule(rule); !read) return read;
  set.rules.push_back(std::move(rule));
  return {};
}

Status add_rules(CertificateSet& set, const edge::ListenerSettings& listener) {
  if (Status added = add_rule(set, listener.client_auth); !added) return added;
  for (const tls::NameSettings& names : listener.tls_names)
    if (Status added = add_rule(set, names.client_auth); !added) return added;
  return {};
}

bool is_due(const CertificateSource& source, const CertificateReader& reader) {
  if (source.kind == "acme") {
    const auto issued = reader.issued.find(source.names);
    if (issued && issued != source.certificate && issued != source.unfit) return true;
  }
  if (source.chain != FileStamp::of(source.file.chain) || source.key != FileStamp::of(source.file.key)) return true;
  if (source.certificate == nullptr) return false;
  if (source.kind == "self_signed" || !source.fit()) return source.certificate->not_after() - reader.clock.wall() < kRenewBefore;
  return ends(*source.certificate, reader);
}

bool is_due(const ClientRule& rule) {
  return rule.ca != FileStamp::of(rule.settings.ca) || rule.crl != FileStamp::of(rule.settings.crl);
}

void log_refusal(std::string_view file, const Error& error) {
  log::warn("tls", "certificate.refused", "a changed file is not used; what was read before stays",
            {{"file", file}, {"error", error.message}, {"slug", error.slug}});
}

// What is served stays while it is good, whatever the files hold by now.
void keep_or_replace(CertificateSource& source, const CertificateReader& reader, const Status& read) {
  source.refusal = read ? "the certificate has expired" : read.error().message;
  if (!source.stands_in && ends(*source.certificate, reader)) {
    source.unfit = source.certificate;
    source.stands_in = true;
  }
  if (!read && source.kind != "acme") log_refusal(source.file.chain, read.error());
}

void read_again(CertificateSource& source, const CertificateSet& set, const CertificateReader& reader) {
  const std::shared_ptr<const tls::Certificate> before = source.certificate;
  const Status read = read_source(source, set, reader);
  if (!read || ends(*source.certificate, reader)) return keep_or_replace(source, reader, read);
  source.refusal.clear();
  source.stands_in = false;
  source.unfit = nullptr;
  if (before && source.certificate->fingerprint() == before->fingerprint()) return;
  log::info("tls", "certificate.reloaded", "serving a new certificate",
            {{"file", source.file.chain}, {"name", source.kind == "acme" ? source.names.front() : source.certificate->names().front()},
             {"not_after", date(source.certificate->not_after())}});
}

void read_again(ClientRule& rule) {
  if (Status read = read_rule(rule); !read) return log_refusal(rule.settings.ca, read.error());
  log::info("tls", "client_auth.reloaded", "judging clients by changed files",
            {{"ca", rule.settings.ca}, {"crl", rule.settings.crl}});
}

}  // namespace

const std::shared_ptr<const tls::ClientAuth>& CertificateSet::auth_for(const tls::ClientAuthSettings& rule) const {
  return std::find_if(rules.begin(), rules.end(), [&](const ClientRule& one) { return one.settings == rule; })->auth;
}

Status CertificateReader::read(CertificateSet& set, const CertificateSet* before) const {
  if (set.listeners.empty()) return {};
  if (uses_files(set.settings))
    for (const tls::CertificateFile& file : set.settings.files) {
      CertificateSource& source = set.sources.emplace_back();
      source.kind = "file";
      source.file = file;
    }
  for (const std::vector<std::string>& names : set.acme_names) {
    CertificateSource& source = set.sources.emplace_back();
    source.kind = "acme";
    source.names = names;
  }
  if (set.sources.empty()) set.sources.emplace_back().kind = "self_signed";
  for (CertificateSource& source : set.sources)
    if (Status read = read_first(source, set, before, *this); !read) return read;
  if (Status made = fill_in(set, *this); !made) return made;
  for (const edge::ListenerSettings& listener : set.listeners)
    if (Status added = add_rules(set, listener); !added) return std::move(added).error().context("listeners." + listener.name);
  return {};
}

// Of names that are in no configuration, what was issued since.
bool CertificateReader::add_extra(CertificateSet& set) const {
  if (set.sources.empty()) return false;  // no listener speaks TLS
  bool any = false;
  for (const std::string& name : issued.extra()) {
    const bool known = std::any_of(set.sources.begin(), set.sources.end(), [&](const auto& one) { return one.kind == "acme" && one.names.front() == name; });
    if (known) continue;
    CertificateSource source;
    source.kind = "acme";
    source.names = {name};
    if (!read_source(source, set, *this)) continue;
    log::info("tls", "certificate.reloaded", "serving a new certificate",
              {{"file", ""}, {"name", name}, {"not_after", date(source.certificate->not_after())}});
    set.sources.push_back(std::move(source));
    any = true;
  }
  return any;
}

bool CertificateReader::read_changed(CertificateSet& set) const {
  bool any = add_extra(set);
  for (CertificateSource& source : set.sources) {
    if (!is_due(source, *this)) continue;
    read_again(source, set, *this);
    any = true;
  }
  for (ClientRule& rule : set.rules) {
    if (!is_due(rule)) continue;
    read_again(rule);
    any = true;
  }
  if (!any) return false;
  if (Status made = fill_in(set, *this); !made)
    log::error("tls", "certificate.refused", "cannot make a certificate that stands in", {{"error", made.error().message}});
  return true;
}

}  // namespace gatehouse::app
