// Writes a tree of plain data as ETF, without recursion.
//
// Thread safety: values.
#pragma once

#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "etf/tags.h"
#include "value/appender.h"
#include "value/pickle_tree.h"
#include "value/to_etf.h"

namespace pyport::value {

// A container whose children are being written.
struct OpenContainer {
  NodeKind kind;
  bool compare_keys;
  bool sort_keys;         // of a frozenset, which may be a key itself
  std::uint64_t done;     // children, written; of a dict: keys and values
  NodeId key;             // dict: the last that was begun
  std::size_t key_begin;  // dict: where it lies in the output
  std::size_t first_key;  // dict: where its keys begin in SerializerScratch::keys
  ChildCursor children;
};

// Kept between calls, so that small values allocate nothing.
struct SerializerScratch {
  // Where a key of an open dict lies in the output.
  struct KeyRange {
    std::size_t begin, end;
    NodeId key;
  };
  std::vector<OpenContainer> open;
  std::vector<KeyRange> keys;

  void clear();
};

class EtfSerializer {
 public:
  EtfSerializer(const PickleTree& tree, const ToEtfOptions& options, SerializerScratch& scratch, Bytes& out)
      : tree_(tree),
        options_(options),
        open_(scratch.open),
        keys_(scratch.keys),
        flushed_(out),
        out_(out),
        start_(out.size()) {}

  // Appends the term of `root`. On an error `out` is as it was. REQUIRES: no cycle below `root`.
  Status write(NodeId root);

 private:
  using KeyRange = SerializerScratch::KeyRange;

  bool fail(const char* why) {
    why_ = why;
    return false;
  }
  bool run(NodeId root);
  bool one(NodeId id);
  bool close_containers();
  bool open(NodeId id, const Node& node);
  bool fits(std::size_t more) const { return out_.size() - start_ + more <= options_.max_bytes; }

  void counted(etf::Tag tag, std::size_t count);
  bool known_atom(std::string_view text);
  bool binary(ByteSpan bytes);
  bool integer(std::int64_t value);
  bool big(ByteSpan digits);
  bool floating(const std::uint8_t* ieee754);
  bool atom(const Node& text);
  bool external(const Node& node);
  bool object(const Node& node);
  bool keys_differ(OpenContainer& dict);
  void sort_elements(const OpenContainer& set);
  Error error();
  PathStep key_in_path(NodeId key) const;

  const PickleTree& tree_;
  const ToEtfOptions& options_;
  std::vector<OpenContainer>& open_;
  std::vector<KeyRange>& keys_;
  Bytes& flushed_;
  Appender out_;
  const std::size_t start_;
  bool opened_ = false;    // the last value was the header of a container
  bool for_path_ = false;  // writes what can be shown instead of failing
  const char* why_ = "";
};

}  // namespace pyport::value
