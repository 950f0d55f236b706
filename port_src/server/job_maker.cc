#include "server/job_maker.h"

#include <set>
#include <string>
#include <string_view>
#include <utility>

#include "etf/reader.h"
#include "etf/writer.h"
#include "server/conversions.h"
#include "value/to_pickle.h"

namespace pyport::server {
namespace {

python::Job job_for(const protocol::Header& header, protocol::NamespaceId ns) {
  python::Job job;
  job.id = header.id;
  job.ns = ns;
  job.any = header.any();
  job.no_reply = header.no_reply();
  job.convert = conversions(header);
  return job;
}

Result<Bytes> pickle_of(ByteSpan term) {
  Bytes pickle;
  Result<value::Pickled> pickled = value::to_pickle(term, pickle);
  if (!pickled) return std::move(pickled).error();
  return pickle;
}

// The name that the key ahead stands for.
std::string read_name(etf::Reader& reader) {
  std::string name;
  std::string_view text;
  if (!reader.atom(name) && reader.text(text)) name = text;
  return name;
}

// The same map with each atom among the keys as a binary: as names they are all text, where as values
// `true` or `none` would become True or None. An atom and a binary of one name are a duplicate_key.
Result<Bytes> with_text_keys(ByteSpan term) {
  Bytes out;
  etf::Reader reader(term);
  etf::Writer writer(out);
  std::set<std::string> names;
  std::size_t pairs = 0;
  (void)reader.map(pairs);
  writer.map(pairs);
  for (std::size_t i = 0; i < pairs; ++i) {
    const auto [name, is_new] = names.insert(read_name(reader));
    if (!is_new) return Error{Errc::bad_term, "duplicate_key", {*name}};
    ByteSpan value;
    (void)reader.term(value);
    writer.text(*name).raw(value);
  }
  return out;
}

Result<Bytes> pickle_of(const protocol::NamedTerms& named) {
  if (!named.has_atoms) return pickle_of(named.term);
  const Result<Bytes> renamed = with_text_keys(named.term);
  if (!renamed) return renamed.error();
  return pickle_of(ByteSpan(*renamed));
}

// EVAL and EXEC differ in the type of the job only.
template <class CodeJob, class Request>
Result<python::Job> code_job(const protocol::Header& header, const Request& request) {
  Result<Bytes> vars = pickle_of(request.vars);
  if (!vars) return std::move(vars).error();
  python::Job job = job_for(header, request.ns);
  job.what = CodeJob{std::string(request.code), *std::move(vars)};
  return job;
}

}  // namespace

Result<python::Job> make_job(const protocol::Header& header, const protocol::Call& call) {
  Result<Bytes> args = pickle_of(call.args);
  if (!args) return std::move(args).error();
  Result<Bytes> kwargs = pickle_of(call.kwargs);
  if (!kwargs) return std::move(kwargs).error();
  python::Job job = job_for(header, call.ns);
  job.what = python::CallJob{std::string(call.module), std::string(call.function), *std::move(args),
                             *std::move(kwargs)};
  return job;
}

Result<python::Job> make_job(const protocol::Header& header, const protocol::Eval& eval) {
  return code_job<python::EvalJob>(header, eval);
}

Result<python::Job> make_job(const protocol::Header& header, const protocol::Exec& exec) {
  return code_job<python::ExecJob>(header, exec);
}

Result<python::Job> make_job(const protocol::Header& header, const protocol::Run& run) {
  python::Job job = job_for(header, run.ns);
  job.what = python::RunJob{std::string(run.file), {run.argv.begin(), run.argv.end()}};
  return job;
}

}  // namespace pyport::server
