%% @private Large values on their way to the table and back, part by part: none has to fit a frame, and what other
%% processes ask for passes between the parts.
%%
%% Functions do with a context what py_request:call/5 does with one request, and give such a reply. A caller that is
%% killed on the way leaves a transfer that the port program forgets half a minute later.
-module(py_parts).

-include("py_context.hrl").
-include("py_protocol.hrl").

-export([set/5, set_if/6, get/4]).

%% As in server/table_role.cc. Smaller ones are one frame, which takes fewer messages.
-define(MOST_WHOLE, 1 bsl 20).
-define(PART, 1 bsl 17).

-define(AROUND, 64).   % bytes of a frame besides the part that it carries, at most

-type reply() :: py_request:reply() | {value, Value :: term()}.

%% Where a value goes, the stamp that it must find there, and how many milliseconds it lives.
-type place() :: {py_handle:bits(), py_protocol:key(), py_protocol:stamp() | any, life()}.
-type life() :: dict | non_neg_integer().

-spec set(py_context:context(), py_handle:bits(), py_protocol:key(), term(), life()) -> reply().
set(Context, Bits, Key, Value, Life) -> put_value(Context, {Bits, Key, any, Life}, Value).

%% @doc The same if the key has this stamp; else the reply is MISSING.
-spec set_if(py_context:context(), py_handle:bits(), py_protocol:key(), term(), py_protocol:stamp(), life()) -> reply().
set_if(Context, Bits, Key, Value, Stamp, Life) -> put_value(Context, {Bits, Key, Stamp, Life}, Value).

-spec put_value(py_context:context(), place(), term()) -> reply().
put_value(Context, Place, {bytes, Binary} = Value) when is_binary(Binary) ->
    put_binary(Context, Place, Value, Binary, ?PUT_BYTES);
put_value(Context, Place, Binary) when is_binary(Binary) ->
    put_binary(Context, Place, Binary, Binary, ?PUT_TEXT_OR_BYTES);
put_value(Context, Place, Value) ->
    case put_whole(Context, Place, Value) of
        {error, {frame_too_large, _, _}} -> put_parts(Context, Place, py_protocol:encode(Value), ?PUT_TERM);
        Reply -> Reply
    end.

put_binary(Context, Place, Value, Binary, Form) ->
    case byte_size(Binary) > min(?MOST_WHOLE, most(Context) - byte_size_of(element(2, Place))) of
        true -> put_parts(Context, Place, Binary, Form);
        false -> put_whole(Context, Place, Value)
    end.

put_whole(Context, {Bits, Key, any, dict}, Value) -> call(Context, ?OP_SET, py_protocol:set(Bits, Key, Value));
put_whole(Context, {Bits, Key, any, Life}, Value) -> call(Context, ?OP_SET, py_protocol:encode({Bits, Key, Value, Life}));
put_whole(Context, {Bits, Key, Stamp, dict}, Value) ->
    call(Context, ?OP_PUT_IF, py_protocol:encode({Bits, Key, Value, Stamp}));
put_whole(Context, {Bits, Key, Stamp, Life}, Value) ->
    call(Context, ?OP_PUT_IF, py_protocol:encode({Bits, Key, Value, Stamp, Life})).

byte_size_of(Key) when is_binary(Key) -> byte_size(Key);
byte_size_of(_) -> 0.

most(#context{max_frame = MaxFrame}) -> MaxFrame - ?AROUND.

put_parts(Context, Place, Binary, Form) ->
    case call(Context, ?OP_PUT_BEGIN, py_protocol:encode(begin_of(byte_size(Binary), Form, Place))) of
        {?REPLY_VALUE, Body} ->
            Transfer = py_protocol:term(Body),
            End = fun() -> call(Context, ?OP_PUT_END, py_protocol:encode(end_of(Transfer, Place))) end,
            put_part(Context, Transfer, Binary, min(?PART, most(Context)), End);
        Failure -> Failure
    end.

begin_of(Size, Form, {_, _, _, dict}) -> {Size, Form};
begin_of(Size, Form, {_, _, _, Life}) -> {Size, Form, Life}.

end_of(Transfer, {Bits, Key, any, _}) -> {Transfer, Bits, Key};
end_of(Transfer, {Bits, Key, Stamp, _}) -> {Transfer, Bits, Key, Stamp}.

put_part(Context, Transfer, <<>>, _, End) ->
    case End() of
        {error, _} = NotSent -> dropped(Context, Transfer, NotSent);
        Reply -> Reply
    end;
put_part(Context, Transfer, Binary, Size, End) ->
    {Part, Rest} = split_binary(Binary, min(Size, byte_size(Binary))),
    case call(Context, ?OP_PUT_PART, py_protocol:part(Transfer, Part)) of
        {?REPLY_OK, _} -> put_part(Context, Transfer, Rest, Size, End);
        Failure -> dropped(Context, Transfer, Failure)
    end.

%% @doc The reply to GET; `{value, Value}', with a stamp if that was asked for, when it came in parts.
-spec get(py_context:context(), py_protocol:flags(), py_handle:bits(), py_protocol:key()) -> reply().
get(Context, Flags, Bits, Key) ->
    case py_request:call(Context, ?OP_GET, Flags bor ?FLAG_PARTS, py_protocol:get(Bits, Key), infinity) of
        {?REPLY_PARTS, Body} -> get_parts(Context, py_protocol:term(Body));
        Reply -> Reply
    end.

get_parts(Context, {Transfer, _Size, IsTerm}) -> joined(get_parts(Context, Transfer, []), IsTerm);
get_parts(Context, {Transfer, Size, IsTerm, Stamp}) -> stamped(get_parts(Context, {Transfer, Size, IsTerm}), Stamp).

stamped({value, Value}, Stamp) -> {value, {Stamp, Value}};
stamped({?REPLY_VALUE, Body}, Stamp) ->
    case py_protocol:value(Body) of
        {ok, Value} -> {value, {Stamp, Value}};
        Error -> Error
    end;
stamped(Failure, _) -> Failure.

get_parts(Context, Transfer, Parts) ->
    case call(Context, ?OP_GET_PART, py_protocol:encode(Transfer)) of
        {?REPLY_VALUE, Body} ->
            {ok, Part} = py_protocol:value(Body),
            get_parts(Context, Transfer, [Part | Parts]);
        {?REPLY_OK, _} -> {value, iolist_to_binary(lists:reverse(Parts))};
        Failure -> dropped(Context, Transfer, Failure)
    end.

joined({value, Term}, true) -> {?REPLY_VALUE, Term};
joined(Reply, _) -> Reply.

%% One that is over anyway is dropped once more, which does no harm.
dropped(Context, Transfer, Failure) ->
    _ = call(py_request:unbounded(Context), ?OP_DROP_TRANSFER, py_protocol:encode(Transfer)),
    Failure.

call(Context, Op, Body) -> py_request:call(Context, Op, 0, Body, infinity).
