#include "gatehouse/pki/chain.h"
#include "order_run.h"

namespace gatehouse::acme {

namespace {

constexpr std::string_view kPemChain = "application/pem-certificate-chain";
constexpr std::size_t kMaxAlternates = 8;

}  // namespace

runtime::Task<Outcome<Issued>> OrderRun::download(Order order) {
  auto answer = co_await session_.post(order.certificate, {}, std::string(kPemChain));
  if (!answer) co_return std::move(answer).failure();
  std::string chain = co_await find_preferred(*answer, answer->body);
  const auto checked = pki::check_issued(chain, *state_.key, plan_.names, environment_.clock().wall());
  if (!checked) {
    // A chain that is cut off may come whole the next time; any other fault is in the certificate.
    const bool cut_off = checked.error().slug == "certificate-unreadable";
    co_return Failure{.kind = cut_off ? FailureKind::kTransient : FailureKind::kRefused,
                      .error = Error(checked.error()).context("the authority's certificate cannot be used")};
  }
  const auto parsed = pki::Chain::parse(chain);
  const bool preferred = plan_.preferred_chain.empty() || (parsed && parsed->top_issuer() == plan_.preferred_chain);
  co_return Issued{.chain = std::move(chain), .key = *state_.key, .preferred = preferred};
}

// RFC 8555, section 7.4.2: other chains are linked as alternates. Without a usable one the first stays.
runtime::Task<std::string> OrderRun::find_preferred(const Answer& answer, std::string chain) {
  if (plan_.preferred_chain.empty()) co_return chain;
  const auto first = pki::Chain::parse(chain);
  if (!first || first->top_issuer() == plan_.preferred_chain) co_return chain;
  std::vector<std::string> urls = links(answer, "alternate");
  if (urls.size() > kMaxAlternates) urls.resize(kMaxAlternates);
  for (const std::string& url : urls) {
    auto other = co_await session_.post(url, {}, std::string(kPemChain));
    if (!other) continue;
    const auto parsed = pki::Chain::parse(other->body);
    const bool usable = parsed && parsed->top_issuer() == plan_.preferred_chain &&
                        pki::check_issued(other->body, *state_.key, plan_.names, environment_.clock().wall());
    if (usable) co_return std::move(other->body);
  }
  co_return chain;
}

}  // namespace gatehouse::acme
