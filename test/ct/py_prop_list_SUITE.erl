%% Properties: a list of the table behaves as a list does, whichever language changes it.
-module(py_prop_list_SUITE).

-export([all/0, suite/0, init_per_suite/1, end_per_suite/1]).
-export([list_is_a_list/1, broken_lists_are_found/1]).

-include("py_prop.hrl").
-import(py_prop, [check/2, converted/1, small_value/0]).

suite() -> [{timetrap, {minutes, 5}}].

all() -> [list_is_a_list, broken_lists_are_found].

init_per_suite(Config) -> py_ct:start(Config).

end_per_suite(Config) -> py_ct:stop(Config).

list_is_a_list(_Config) -> true = check(prop_list(fun apply_to_list/2), 300).

broken_lists_are_found(_Config) ->
    py_prop:are_found(fun prop_list/1, fun apply_to_list/2,
                      [{appends_in_front, fun(L, {append, Value}) -> apply_to_list(L, {python, insert, 0, Value}) end},
                       {pops_the_first, fun(L, pop) -> apply_to_list(L, {python, pop, 0}) end},
                       {slices_end_late, fun(L, {python, del_slice, From, To}) -> apply_to_list(L, {python, del_slice, From, To + 1}) end},
                       {inserts_behind, fun(L, {python, insert, At, Value}) -> apply_to_list(L, {python, insert, At + 1, Value}) end}]).

prop_list(Apply) ->
    ?FORALL(Ops, list(op()),
            begin
                {ok, SD} = py:shared_dict_new(),
                {ok, List} = py:call(properties, new_list, [SD]),
                try py_prop:agrees(Ops, [], fun apply_to_model/2, fun(Op) -> Apply(List, Op) end)
                after ok = py:shared_dict_destroy(SD)
                end
            end).

%% {python, ...} are those of properties.py.
op() ->
    frequency([{4, {append, small_value()}}, {2, {python, append, small_value()}}, {2, {python, extend, list(small_value())}},
               {2, pop}, {1, {python, pop, index()}}, {2, {python, insert, index(), small_value()}}, {2, {python, get, index()}},
               {2, {python, set, index(), small_value()}}, {1, {python, del, index()}}, {1, {python, slice, index(), index()}},
               {1, {python, set_slice, index(), index(), list(small_value())}}, {1, {python, del_slice, index(), index()}},
               {1, {python, reverse}}, {2, to_list}, {1, size}]).

index() -> range(-4, 6).

%% The place that an index of Python means; none when it is outside.
place(At, List) when At >= 0, At < length(List) -> At;
place(At, List) when At < 0, At >= -length(List) -> length(List) + At;
place(_, _) -> none.

%% ... where it may be beyond the ends.
bound(At, List) when At < 0 -> max(0, length(List) + At);
bound(At, List) -> min(At, length(List)).

apply_to_model(List, {append, Value}) -> {ok, List ++ [converted(Value)]};
apply_to_model(List, {python, append, Value}) -> {ok, List ++ [converted(Value)]};
apply_to_model(List, {python, extend, Values}) -> {ok, List ++ converted(Values)};
apply_to_model([], pop) -> {undefined, []};
apply_to_model(List, pop) -> {lists:last(List), lists:droplast(List)};
apply_to_model(List, {python, insert, At, Value}) ->
    {Front, Back} = lists:split(bound(At, List), List),
    {ok, Front ++ [converted(Value) | Back]};
apply_to_model(List, {python, slice, From, To}) -> {element(2, parts(From, To, List)), List};
apply_to_model(List, {python, set_slice, From, To, Values}) ->
    {Front, _, Back} = parts(From, To, List),
    {ok, Front ++ converted(Values) ++ Back};
apply_to_model(List, {python, del_slice, From, To}) ->
    {Front, _, Back} = parts(From, To, List),
    {ok, Front ++ Back};
apply_to_model(List, {python, reverse}) -> {ok, lists:reverse(List)};
apply_to_model(List, to_list) -> {List, List};
apply_to_model(List, size) -> {length(List), List};
apply_to_model(List, Op) -> at_place(place(element(3, Op), List), List, Op).

%% What is before a slice, in it, and behind it.
parts(From, To, List) ->
    {Front, Rest} = lists:split(bound(From, List), List),
    {Slice, Back} = lists:split(max(0, bound(To, List) - length(Front)), Rest),
    {Front, Slice, Back}.

at_place(none, List, _) -> {index_error, List};
at_place(At, List, Op) ->
    {Front, [Value | Back]} = lists:split(At, List),
    case Op of
        {python, get, _} -> {Value, List};
        {python, set, _, New} -> {ok, Front ++ [converted(New) | Back]};
        {python, del, _} -> {ok, Front ++ Back};
        {python, pop, _} -> {Value, Front ++ Back}
    end.

apply_to_list(List, {append, Value}) -> py:shared_list_append(List, Value);
apply_to_list(List, pop) -> py:shared_list_pop(List);
apply_to_list(List, to_list) -> py:shared_list_to_list(List);
apply_to_list(List, size) -> py:shared_list_size(List);
apply_to_list(List, Op) ->
    [python, Name | Args] = tuple_to_list(Op),
    case py:call(properties, on_list, [List, Name | Args]) of
        {ok, {<<"gave">>, Value}} -> Value;
        {ok, none} -> ok;
        {error, {'IndexError', _}} -> index_error
    end.
