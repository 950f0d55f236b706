%% @private Options of dicts and of values: what a user gives, and what is sent. Pure.
-module(py_options).

-export([dict/1, open/1, life/1]).

-export_type([dict/0, open/0, life/0, sent/0]).

-type milliseconds() :: pos_integer().
-type dict() :: #{ttl => milliseconds(), idle => milliseconds(), max_value_bytes => pos_integer()}.
-type open() :: #{create => boolean(), global => boolean(), ttl => milliseconds(), idle => milliseconds(),
                  max_value_bytes => pos_integer()}.
-type life() :: #{ttl => milliseconds() | infinity}.
-type sent() :: {Ttl :: non_neg_integer(), Idle :: 0 | 1, MaxValueBytes :: non_neg_integer()}.

%% Of each number: far beyond any use, and what the port program's nanoseconds can say.
-define(MOST, 1 bsl 43).
-define(IS_TIME(T), is_integer(T), T > 0, T =< ?MOST).

%% @doc Of a new dict.
-spec dict(term()) -> {ok, sent()} | error.
dict(#{ttl := _, idle := _}) -> error;
dict(Options) when is_map(Options) -> dict(maps:to_list(Options), {0, 0, 0});
dict(_) -> error.

dict([], Sent) -> {ok, Sent};
dict([{ttl, Time} | More], {_, _, Max}) when ?IS_TIME(Time) -> dict(More, {Time, 0, Max});
dict([{idle, Time} | More], {_, _, Max}) when ?IS_TIME(Time) -> dict(More, {Time, 1, Max});
dict([{max_value_bytes, Max} | More], {Time, Idle, _}) when is_integer(Max), Max > 0, Max < 1 bsl 63 ->
    dict(More, {Time, Idle, Max});
dict(_, _) -> error.

%% @doc Of a dict that is opened by its name.
-spec open(term()) -> {ok, #{create := boolean(), global := boolean()}, sent()} | error.
open(Options) when is_map(Options) ->
    Create = maps:get(create, Options, false),
    Global = maps:get(global, Options, false),
    case is_boolean(Create) andalso is_boolean(Global) andalso dict(maps:without([create, global], Options)) of
        {ok, Sent} -> {ok, #{create => Create, global => Global}, Sent};
        _ -> error
    end;
open(_) -> error.

%% @doc How long a value lives, in milliseconds: 0 for ever, `dict' as its dict says.
-spec life(term()) -> {ok, dict | non_neg_integer()} | error.
life(#{ttl := infinity} = Options) when map_size(Options) =:= 1 -> {ok, 0};
life(#{ttl := Time} = Options) when map_size(Options) =:= 1, ?IS_TIME(Time) -> {ok, Time};
life(Options) when Options =:= #{} -> {ok, dict};
life(_) -> error.
