%% @doc Counters with names, as those of module {@link counters} have numbers, for both languages.
%%
%% ```
%% {ok, Counters} = shared_counters:new([<<"hits">>, <<"misses">>]),
%% ok = shared_counters:add(Counters, <<"hits">>, 1),
%% 1 = shared_counters:get(Counters, <<"hits">>),
%% #{size := 2} = shared_counters:info(Counters).
%% '''
%%
%% They are the integers of a {@link py:shared_dict(). shared dictionary}, and all that works on one works on them: in Python
%% `SharedDict(handle).inc("hits")', from Erlang `shared_dict:to_map/1' for all at one moment and `shared_dict:remove/2' for one
%% that is needed no longer. An addition takes no lock, and none is lost, whatever language and process it comes from.
%%
%% Where they are not as those of OTP:
%% <ul>
%% <li>A counter begins at 0 with its first use; it need not be made before.</li>
%% <li>They do not wrap around: what would not fit 64 bits changes nothing and is `{error, {bad_term, [], overflow}}'.</li>
%% <li>They end with the process that made them, as any shared dictionary, or by {@link py:shared_dict_destroy/1}.</li>
%% <li>To read one is never behind: they are as the `atomics' option of OTP's.</li>
%% </ul>
%% A name that has a value of another kind gives `{error, {bad_term, [], not_an_integer}}'. Wrong arguments and counters that are
%% no more raise `badarg'.
-module(shared_counters).

-export([new/0, new/1, get/2, add/3, sub/3, put/3, info/1]).

-export_type([counters/0, name/0]).

-type counters() :: py:shared_dict().
-type name() :: py:key().
-type failure() :: {error, py:reason()}.

-define(LEAST, (-(1 bsl 63))).
-define(MOST, ((1 bsl 63) - 1)).
-define(MOST_NUMBERED, 1000000).

%% @doc Counters of the calling process, without any name yet.
-spec new() -> {ok, counters()} | failure().
new() -> py:shared_dict_new().

%% @doc The same with so many counters at 0, whose names are 1, 2 and so on (at most a million), or with one for each of
%% these names.
-spec new(Size :: pos_integer() | [name()]) -> {ok, counters()} | failure().
new(Size) when is_integer(Size), Size > 0, Size =< ?MOST_NUMBERED -> new(lists:seq(1, Size));
new(Names) when is_list(Names) ->
    try maps:from_list([{Name, 0} || Name <- Names]) of
        Zeros -> py:shared_dict_from_map(Zeros)
    catch
        error:_ -> bad_names(Names)   % an improper list
    end;
new(Other) -> bad_names(Other).

-spec bad_names(term()) -> no_return().
bad_names(Names) ->
    erlang:error(badarg, [Names], [{error_info, #{module => py_error, cause => {1, counter_names}}}]).

%% @doc The value of a counter; 0 when nobody has used it yet.
-spec get(counters(), name()) -> integer() | failure().
get(Counters, Name) ->
    case py:shared_dict_get(Counters, Name, 0) of
        N when is_integer(N), N >= ?LEAST, N =< ?MOST -> N;
        {error, _} = Failure -> Failure;
        _ -> {error, {bad_term, [], not_an_integer}}
    end.

%% @doc Adds to a counter.
-spec add(counters(), name(), integer()) -> ok | failure().
add(Counters, Name, N) -> done(py:shared_dict_add(Counters, Name, N)).

%% @doc Subtracts from a counter.
-spec sub(counters(), name(), integer()) -> ok | failure().
sub(Counters, Name, N) -> done(py:shared_dict_sub(Counters, Name, N)).

%% @doc Gives a counter this value, whatever it had.
-spec put(counters(), name(), integer()) -> ok | failure().
put(Counters, Name, N) -> done(py:shared_dict_swap(Counters, Name, N)).

%% @doc How many counters have been used or made, and how many bytes their names and values take.
-spec info(counters()) -> #{size := non_neg_integer(), memory := non_neg_integer()} | failure().
info(Counters) ->
    case py:info(Counters) of
        #{keys := Size, bytes := Memory} -> #{size => Size, memory => Memory};
        Failure -> Failure
    end.

done(N) when is_integer(N) -> ok;
done(Failure) -> Failure.
