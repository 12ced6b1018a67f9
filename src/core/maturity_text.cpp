// Text form of maturity profiles: '{2026-01-31:1500.0000:-20.0000:3:1,...}', one
// date:debit:credit:debit_items:credit_items for each date. Core zone.
#include <charconv>

#include "search_assign/core/error.hpp"
#include "search_assign/core/maturity_profile.hpp"

namespace search_assign::core {
namespace {

constexpr bool is_space(char c) noexcept { return c == ' ' || (c >= '\t' && c <= '\r'); }

// quotable cuts a text for an error message. It stops at the first byte that is not ASCII:
// the core does not know the encoding and must not cut a character in two.
std::string quotable(std::string_view text) {
  constexpr std::size_t kLongest = 60;
  std::size_t length = 0;
  while (length < text.size() && length < kLongest && static_cast<unsigned char>(text[length]) < 0x80)
    ++length;
  std::string out(text.substr(0, length));
  if (length < text.size()) out += "...";
  return out;
}

class Parser {
 public:
  explicit Parser(std::string_view text) : text_(text) {}

  std::vector<ProfileEntry> parse() {
    std::vector<ProfileEntry> entries;
    expect('{', "Expected \"{\"");
    skip_spaces();
    if (!accept('}')) {
      do {
        entries.push_back(parse_entry());
        skip_spaces();
      } while (accept(','));
      expect('}', "Expected \",\" or \"}\"");
    }
    skip_spaces();
    if (at_ != text_.size()) fail("Unexpected text");
    return entries;
  }

 private:
  ProfileEntry parse_entry() {
    ProfileEntry entry;
    if (!date_from_text(field(), entry.date)) fail("Expected a date as YYYY-MM-DD");
    expect(':', "Expected \":\"");
    if (!sum_from_text(field(), entry.debit)) fail("Expected an amount with at most four decimals");
    expect(':', "Expected \":\"");
    if (!sum_from_text(field(), entry.credit)) fail("Expected an amount with at most four decimals");
    expect(':', "Expected \":\"");
    entry.debit_items = parse_items();
    expect(':', "Expected \":\"");
    entry.credit_items = parse_items();
    return entry;
  }

  std::int64_t parse_items() {
    const std::string_view text = field();
    std::int64_t items = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), items);
    if (text.empty() || error != std::errc{} || end != text.data() + text.size()) {
      fail("Expected a number of items");
    }
    return items;
  }

  // field takes the text up to the next separator or space; position_ is where it began.
  std::string_view field() {
    skip_spaces();
    position_ = at_;
    while (at_ < text_.size() && !is_space(text_[at_]) &&
           std::string_view(":,{}").find(text_[at_]) == text_.npos) {
      ++at_;
    }
    return text_.substr(position_, at_ - position_);
  }

  void skip_spaces() {
    while (at_ < text_.size() && is_space(text_[at_])) ++at_;
    position_ = at_;
  }

  bool accept(char c) {
    if (at_ == text_.size() || text_[at_] != c) return false;
    ++at_;
    return true;
  }

  void expect(char c, const char* expectation) {
    skip_spaces();
    if (!accept(c)) fail(expectation);
  }

  [[noreturn]] void fail(const char* expectation) const {
    throw Error(ErrorKind::TextUnreadable,
                "invalid input syntax for type maturity_profile: \"" + quotable(text_) + "\"",
                std::string(expectation) + " at byte " + std::to_string(position_ + 1) + ".",
                "The form is {due_date:debit:credit:debit_items:credit_items,...}.");
  }

  std::string_view text_;
  std::size_t at_ = 0;
  std::size_t position_ = 0;
};

}  // namespace

std::string to_text(Bytes profile) {
  std::string out = "{";
  ProfileReader reader(profile);
  ProfileEntry entry;
  while (reader.next(entry)) {
    if (out.size() > 1) out += ',';
    out += date_to_text(entry.date) + ':' + sum_to_text(entry.debit) + ':' + sum_to_text(entry.credit) + ':' +
           std::to_string(entry.debit_items) + ':' + std::to_string(entry.credit_items);
  }
  out += '}';
  return out;
}

void from_text(std::string_view text, EncodedProfile& out) {
  std::vector<ProfileEntry> entries = Parser(text).parse();
  normalize(entries);
  encode(entries, out);
}

}  // namespace search_assign::core
