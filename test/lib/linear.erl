%% Is a history of operations on shared dictionaries linearizable: is there one order of them, which keeps "returned
%% before the other was invoked", in which each gives what it gave?
%%
%% Every operation is on one key, and a history is linearizable if and only if what it has of each key is, so each
%% key is checked alone. (Where operations are on several keys of a dict, the dict as a whole stands for the key.) The
%% search is that of Wing and Gong with Lowe's memory: of two ways to the same set of operations and the same state only
%% one is followed. It is pure and always goes the same way.
%%
%% An operation whose answer never came (`unknown': who asked or who should have answered was killed) may have
%% happened at any time after it was invoked, or never.
%%
%% What the operations mean is the model's: a function from an operation, its argument, its result and the state of
%% the key to the next state. That of plain registers is taken where no other is given.
-module(linear).

-export([check/1, check/2, is_linearizable/2]).

-export_type([operation/0, history/0, model/0, violation/0, time/0]).

-type time() :: integer().
-type operation() :: #{process := term(), key := term(), op := atom(), arg := term(), result := unknown | term(),
                       invoked := time(), returned := time() | infinity}.
-type history() :: [operation()].
-type state() :: term().
-type model() :: #{initial := state(),
                   %% `no' when the operation cannot have given this result in this state. A result `unknown' fits.
                   step := fun((Op :: atom(), Arg :: term(), Result :: term(), state()) -> {ok, state()} | no),
                   %% Operations that never change the state.
                   reads := [atom()],
                   %% No other operation was told anything that could come from this one.
                   unseen := fun((operation(), Others :: history()) -> boolean()),
                   %% After a step from this state to that one, what is left can never be answered as it was.
                   %% `false' is always right, but costs time.
                   hopeless := fun((state(), Next :: state(), Left :: history()) -> boolean()),
                   %% For the report alone: all results that an operation of the history might have had, and,
                   %% where it can be told, all states to begin with that differ in what may come after them.
                   results := fun((operation(), history()) -> [term()]),
                   states => fun((history()) -> [state()])}.
-type violation() :: #{key := term(),
                       history := history(),       % of that key, as it was given
                       smallest := history(),      % what is enough to show that there is no order
                       culprit := operation(),     % the first whose result cannot be
                       possible := [term()]}.      % the results that it might have had

%% @doc Looks whether a history of registers is linearizable.
-spec check(history()) -> ok | {violation, violation()}.
check(History) -> check(History, linear_register:model()).

-spec check(history(), model()) -> ok | {violation, violation()}.
check(History, Model) -> first_violation(by_key(History), Model).

first_violation([], _) -> ok;
first_violation([{Key, History} | Keys], Model) ->
    case is_linearizable(History, Model) of
        true -> first_violation(Keys, Model);
        false -> {violation, (linear_shrink:shrink(History, Model))#{key => Key, history => History}}
    end.

by_key(History) ->
    lists:sort(maps:to_list(maps:groups_from_list(fun(#{key := Key}) -> Key end, History))).

%%% The search

%% @doc Whether the history of one key has an order.
-spec is_linearizable(history(), model()) -> boolean().
is_linearizable(History, #{initial := Initial} = Model) ->
    Entries = [{Invoked, Returned, Bit, Operation}
               || {Bit, #{invoked := Invoked, returned := Returned} = Operation} <- numbered(relevant(History, Model))],
    search(Entries, Initial, 0, Model, #{}) =:= found.

%% What was not answered and not seen may as well never have happened.
relevant(History, #{unseen := Unseen}) ->
    [Operation || #{result := Result} = Operation <- History,
                  Result =/= unknown orelse not Unseen(Operation, lists:delete(Operation, History))].

%% In the order of invocation, with a bit of its own for each.
numbered(History) ->
    Sorted = lists:sort(fun(#{invoked := A}, #{invoked := B}) -> A =< B end, History),
    lists:zip([1 bsl N || N <- lists:seq(0, length(Sorted) - 1)], Sorted).

%% What is left to be ordered, and the state after what is ordered already, whose bits are Done. Gives what was
%% tried in vain.
search(Left, State, Done, Model, Seen) ->
    case Seen of
        #{{Done, State} := _} -> {none, Seen};
        #{} ->
            case lists:all(fun is_unanswered/1, Left) of
                true -> found;
                false -> branch(Left, State, Done, Model, Seen)
            end
    end.

branch(Left, State, Done, Model, Seen) ->
    Next = possible(next(Left), State, Left, Model),
    case [Entry || {Entry, _} <- Next, is_read(Entry, Model)] of
        [] -> remember(Done, State, try_each(Next, Left, Done, Model, Seen));
        %% a read that fits now is as good now as later
        [Read | _] -> remember(Done, State, try_each([{Read, State}], Left, Done, Model, Seen))
    end.

try_each([], _, _, _, Seen) -> {none, Seen};
try_each([{{_, _, Bit, _} = Entry, State} | Others], Left, Done, Model, Seen) ->
    case search(lists:delete(Entry, Left), State, Done bor Bit, Model, Seen) of
        found -> found;
        {none, Tried} -> try_each(Others, Left, Done, Model, Tried)
    end.

remember(_, _, found) -> found;
remember(Done, State, {none, Seen}) -> {none, Seen#{{Done, State} => []}}.

%% Those before which no other must come: invoked before, or when, the first of all returned. The one
%% that returned first is tried first, the unanswered last.
next(Left) -> lists:keysort(2, next(Left, infinity)).

next([{Invoked, Returned, _, _} = Entry | Left], First) when Invoked =< First ->
    [Entry | next(Left, min(First, Returned))];
next(_, _) -> [].

possible(Entries, State, Left, #{step := Step, hopeless := Hopeless}) ->
    [{Entry, Next} || {_, _, _, #{op := Op, arg := Arg, result := Result}} = Entry <- Entries,
                      {ok, Next} <- [Step(Op, Arg, Result, State)],
                      not Hopeless(State, Next, [Operation || {_, _, _, Operation} <- Left])].

is_read({_, _, _, #{op := Op}}, #{reads := Reads}) -> lists:member(Op, Reads).

is_unanswered({_, Returned, _, _}) -> Returned =:= infinity.
