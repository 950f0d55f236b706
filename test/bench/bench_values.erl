%% The values that are measured, and how many bytes a request for each and its reply have on the wire.
-module(bench_values).

-export([all/0, get_bytes/1, set_bytes/1, key/0]).

-define(HEADER, 8).     % of a frame, see docs/protocol.md

-spec all() -> [{Name :: string(), Value :: term()}].
all() ->
    [{"int", 42},
     {"3-key map", #{<<"host">> => <<"localhost">>, <<"port">> => 8080, <<"tls">> => true}},
     {"1 KiB binary", binary:copy(<<"k">>, 1024)},
     {"100 KiB binary", binary:copy(<<"k">>, 100 * 1024)},
     {"1000 ints", lists:seq(100000, 100999)},
     {"200-leaf config", config()}].

-spec key() -> binary().
key() -> <<"some key">>.

-spec get_bytes(term()) -> {Request :: pos_integer(), Reply :: pos_integer()}.
get_bytes(Value) -> {frame({<<0:128>>, key()}), frame(Value)}.

-spec set_bytes(term()) -> {Request :: pos_integer(), Reply :: pos_integer()}.
set_bytes(Value) -> {frame({<<0:128>>, key(), Value}), ?HEADER}.

frame(Term) -> ?HEADER + byte_size(term_to_binary(Term)).

%% 10 sections of 4 groups of 5 leaves: a configuration as services have them.
config() ->
    maps:from_list([{named("section", S), maps:from_list([{named("group", G), group(S, G)}
                                                          || G <- lists:seq(1, 4)])}
                    || S <- lists:seq(1, 10)]).

group(S, G) ->
    #{<<"host">> => iolist_to_binary(io_lib:format("node~b-~b.example.org", [S, G])),
      <<"port">> => 8000 + S * 10 + G,
      <<"weight">> => S / 10,
      <<"enabled">> => G rem 2 =:= 0,
      <<"timeout_ms">> => 30000}.

named(Name, N) -> iolist_to_binary([Name, $_, integer_to_list(N)]).
